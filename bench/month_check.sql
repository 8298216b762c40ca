-- Do both ways answer the same?  Lines "what value".  A company whose old reasons
-- are nearer to each other than float32 sums can tell may have them in any order.
\set ON_ERROR_STOP on

WITH compared AS (
	SELECT abs(n.score - o.score) AS off, n.alert <> o.alert AS other_alert,
		(n.first, n.second, n.third) IS DISTINCT FROM (o.first, o.second, o.third) AS other_groups, o.gap
	FROM month n FULL JOIN month_old o USING (siren)
)
SELECT what, value
FROM (SELECT count(*) FILTER (WHERE off IS NOT NULL) AS companies, count(*) FILTER (WHERE off IS NULL) AS unmatched,
		max(off) AS farthest, count(*) FILTER (WHERE other_alert) AS other_alert,
		count(*) FILTER (WHERE other_groups) AS other_groups,
		count(*) FILTER (WHERE other_groups AND gap > 1e-4) AS other_groups_not_tied
	FROM compared) c
CROSS JOIN LATERAL (VALUES ('companies', companies::float8), ('unmatched', unmatched), ('farthest', farthest),
	('other_alert', other_alert), ('other_groups', other_groups),
	('other_groups_not_tied', other_groups_not_tied)) v (what, value);
SELECT 'alerts', count(*) FROM month WHERE alert <> 'Pas d''alerte';
