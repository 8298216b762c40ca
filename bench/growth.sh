# shellcheck shell=bash
# make bench GROWTH=1, a part of script/bench: how times grow with the model, the
# table's width and its rows.  A line "point AXIS X ..." in times begins a point.
#
# trees, depth, leaves, features    models of train.py, in the core
# width                             20,000 rows, of which the model reads 10 or 40 columns
# toast                             40 columns that are read, beside one of 20,000 bytes that is not
# rows                              10,000 to 10,000,000 rows of 40 real columns; MOST_ROWS=... for fewer

widths=(10 40 98 99 200 400 1000)
row_counts=(10000 100000 1000000 10000000)

wanted()
{
	[ "$GROWTH" = 1 ] || [[ " $GROWTH " == *" $1 "* ]]
}

grow_models()
{
	local axis x features rest name

	while read -r axis x features rest; do
		name=$axis-$x
		echo "point $axis $x $features $rest" >>"$times" &&
			as_user ./core "models/$name" "$features" growth >>"$times" &&
			rm "models/$name.ubj" "models/$name.rows" || return
	done <models/growth
}

# The whole row as the planner rewrites it where it can; as a composite datum,
# which an OFFSET keeps; and the columns that the model reads, by name.
grow_width()
{
	local width used last columns

	for used in 10 40; do
		columns=$(seq -s ', ' -f 'f%.0f' 0 $((used - 1)))
		last=f$((used - 1))
		for width in "${widths[@]}"; do
			[ "$width" -ge "$used" ] || continue
			query -v width="$width" -v used="$used" -f source/bench/growth_width.sql &&
				echo "point width-$used $width" >>"$times" &&
				measure \
					"read|20000|$serial|SELECT sum($last) FROM wide" \
					"read_composite|20000|$serial|SELECT count(r) FROM (SELECT t AS r FROM wide t OFFSET 0) s" \
					"score|20000|$serial SET company_risk.default_model = 'bench$used';|SELECT sum(score_company(t)) FROM wide t" \
					"score_composite|20000|$serial|SELECT sum(score_company(r)) FROM (SELECT t AS r FROM wide t OFFSET 0) s" \
					"score_named|20000|$serial|SELECT sum(score_company(s)) FROM (SELECT $columns FROM wide) s" || return
		done
	done
}

# What stands beside in the row, out of line, costs a row that is taken whole.
grow_toast()
{
	query -f source/bench/growth_toast.sql &&
		echo "point toast 42" >>"$times" &&
		measure \
			"read|20000|$serial|SELECT sum(f39) FROM toasted" \
			"score|20000|$serial SET company_risk.default_model = 'bench40';|SELECT sum(score_company(t)) FROM toasted t" \
			"score_composite|20000|$serial|SELECT sum(score_company(r)) FROM (SELECT t AS r FROM toasted t OFFSET 0) s"
}

# Of 10,000,000 rows, where a statement takes half a minute, only what needs them;
# libxgboost's matrix of them would be 1.6 GB.
grow_rows()
{
	local count more

	for count in "${row_counts[@]}"; do
		[ "$count" -le "${MOST_ROWS:-10000000}" ] || continue
		query -v rows="$count" -f source/bench/growth_rows.sql &&
			echo "point rows $count" >>"$times" || return
		more=("score_nojit|$count|$serial SET jit = off;|SELECT sum(score_company(t)) FROM many t")
		if [ "$count" -gt 1000000 ]; then
			repetitions=1
			more=()
		fi
		measure \
			"read|$count|$serial RESET jit;|SELECT sum(f39) FROM many" \
			"score|$count|$serial SET company_risk.default_model = 'bench40';|SELECT sum(score_company(t)) FROM many t" \
			"score_parallel|$count|$parallel|SELECT sum(score_company(t)) FROM many t" "${more[@]}" || return
		[ "$count" -gt 1000000 ] || as_user ./core models/width-40 40 bulk "$count" >>"$times" || return
	done
	query -c 'DROP TABLE many'
}

growth()
{
	local axis models=()

	repetitions=3
	beside=
	for axis in trees depth leaves features; do
		! wanted "$axis" || models+=("$axis")
	done
	train growth "${models[@]}" >models/growth && grow_models || return
	if wanted width || wanted toast || wanted rows; then
		train growth width >models/width &&
			query -v folder="$work/models" -f source/bench/growth_setup.sql || return
	fi
	! wanted width || grow_width || return
	! wanted toast || grow_toast || return
	! wanted rows || grow_rows
}

report_growth()
{
	"$python" -B source/bench/growth.py machine times growth.svg
	[ -z "${PLOT:-}" ] || cp growth.svg "$plot"
}
