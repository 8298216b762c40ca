# shellcheck shell=bash
# make bench MONTH=1, a part of script/bench: score, level of alert and the three
# strongest groups of all companies of a ministry, in the database, and the old
# way.  COMPANIES=... for fewer of them.

companies=${COMPANIES:-350000}

# One call a company, in the SELECT list: a plan that PostgreSQL gives workers.
view="CREATE MATERIALIZED VIEW month AS
	SELECT e.siren, (e.why ->> 'score')::double precision AS score, e.why ->> 'alert' AS alert,
		g.names[1] AS first, g.names[2] AS second, g.names[3] AS third
	FROM (SELECT siren, risk.explanation(c) AS why FROM company c OFFSET 0) e
	CROSS JOIN LATERAL (
		SELECT array_agg(key ORDER BY abs(value::double precision) DESC) AS names
		FROM jsonb_each(e.why -> 'macro_expl')
	) g"

# By the function that returns groups as rows.  The planner believes that to run
# such a function again costs nothing, and sees no reason for workers.
view_groups="CREATE MATERIALIZED VIEW month_groups AS
	SELECT c.siren, s.score, risk.alert_level(s.score) AS alert,
		max(g.group_label) FILTER (WHERE g.rank = 1) AS first,
		max(g.group_label) FILTER (WHERE g.rank = 2) AS second,
		max(g.group_label) FILTER (WHERE g.rank = 3) AS third
	FROM company c
	CROSS JOIN LATERAL score_company(c) AS s (score)
	CROSS JOIN LATERAL risk.explain_groups(c) AS g
	WHERE g.rank BETWEEN 1 AND 3
	GROUP BY c.siren, s.score"

# workers WHAT VIEW: how many workers the server gives it, by default
workers()
{
	query -c "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${2#* AS}" >"plan_$1" &&
		awk -v what="$1" '/Workers Launched:/ { n = $NF } END { print what, n + 0 }' "plan_$1" >>"$times"
}

# create_view WHAT SETTINGS VIEW
create_view()
{
	query -o /dev/null <<-SQL | in_seconds >>"$times"
		DROP MATERIALIZED VIEW IF EXISTS month;
		DROP MATERIALIZED VIEW IF EXISTS month_groups;
		$2
		\timing on
		\echo $1 1
		$3;
	SQL
}

# COPY out, Python, COPY in: by psql's clock, and Python's own for its parts.
old_way()
{
	local begun=$EPOCHREALTIME

	query <<-SQL | in_seconds >>"$times"
		\\timing on
		\\echo copy_out 1
		\\copy company TO '$work/models/out.csv' (FORMAT csv, HEADER)
	SQL
	as_user "$python" -B source/bench/month.py "$work/models/month.ubj" models/out.csv models/in.csv >>"$times" &&
		query <<-SQL | in_seconds >>"$times" &&
			CREATE TABLE month_old (siren text NOT NULL, score double precision NOT NULL, alert text NOT NULL,
				first text, second text, third text, gap double precision);
			\\timing on
			\\echo copy_in 1
			\\copy month_old FROM '$work/models/in.csv' (FORMAT csv)
		SQL
		awk -v begun="$begun" -v ended="$EPOCHREALTIME" 'BEGIN { print "old_way", ended - begun }' >>"$times"
}

month()
{
	train month "$companies" &&
		query -v folder="$work/models" -f source/bench/month_setup.sql &&
		create_view view_groups '' "$view_groups" && workers workers_groups "$view_groups" &&
		create_view view_serial "$serial" "$view" &&
		create_view view '' "$view" && workers workers "$view" && old_way &&
		query -F ' ' -f source/bench/month_check.sql >>"$times"
}

report_month()
{
	"$python" -B source/bench/month_report.py machine times
}
