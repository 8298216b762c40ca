-- The training part: run after load.sql, in this folder. XGBoost works in a process of its own.

\set ON_ERROR_STOP on
\pset footer off
\pset border 1
\pset pager off
SET client_min_messages = info;

\echo
\echo '=== A model is trained on what became of them: XGBoost, by one statement'
\echo
\set ECHO queries
SELECT risk.train_model('defaillance', $$
	SELECT f.*, o.failure, o.signaux_forts,
		CASE WHEN o.signaux_forts THEN 0 ELSE 1 END AS poids -- no lesson in what everybody knows
	FROM sfdata.company_features f
	JOIN sfdata.company_outcomes o USING (siren, periode)
	ORDER BY f.siren, f.periode$$, 'failure',
	key_column => 'siren', period_column => 'periode', known_column => 'signaux_forts',
	weight_column => 'poids',
	rounds => 600, early_stopping_rounds => 60,
	parameters => '{"max_depth": 4, "eta": 0.025, "min_child_weight": 12, "gamma": 0.1,
		"subsample": 0.6, "colsample_bytree": 0.5, "lambda": 5}',
	description => 'Procédure collective sous 18 mois, données Urssaf, DGEFP et Sirene');
