#!/bin/sh
#
# What golden.sql copies, as case, file and the rest, with tabs between; run in test/golden.
#
#   golden.sh lines     every line of the CSV files: its number, the line
#   golden.sh files     every description and model: its bytes in hex
#
case $1 in
	lines)
		awk -v OFS='\t' '{ split(FILENAME, path, "/"); print path[1], path[2], FNR, $0 }' */*.csv
		;;
	files)
		for file in */case.json */model.*; do
			printf '%s\t%s\t' "${file%/*}" "${file##*/}"
			od -An -v -tx1 "$file" | tr -d ' \n'
			echo
		done
		;;
esac
