#!/usr/bin/perl
#
# Whether the sources keep to their rooms, and to what else can be asked of them
# without compiling:
#
#   check.pl SOURCE    the project's folder
#
# 1. No file of src/ includes one of a room above its own.
# 2. No file is in a circle: A calls what B defines, or includes its header, and
#    so on back to A.  Functions are found by their definitions, which begin a line.
#    Nor are files that share a header, as model_read.c and model_walk.c do model.h,
#    by what they include.
# 3. Each part of the install script names only what it or an earlier part creates.
# 4. src/typedefs.list, for pg_bsd_indent, holds the types of the C sources, no more.
# 5. Lines of tests are shorter than 120 columns.
#
# Prints a line "ok - ..." or "not ok - ..." for each, and what is wrong before it.

use strict;
use warnings;
use File::Basename qw(basename dirname);

# What each room may include, besides itself
my %below = (
	base => [],
	core => [],
	models => [qw(base core)],
	scoring => [qw(models base core)],
	metrics => [qw(models base core)],
	libxgboost => [qw(models base core)],
	training => [qw(scoring metrics libxgboost models base core)],
	publishing => [qw(scoring metrics libxgboost models base core)]);

chdir($ARGV[0] // '.') or die "no such folder: $ARGV[0]\n";

my %text = map { $_ => code($_) } glob('src/*.[ch] src/*/*.[ch] trainer/*.[ch]');
my $failed = 0;

sub report
{
	my ($what, @wrong) = @_;

	print map({ "    $_\n" } @wrong), @wrong ? 'not ok' : 'ok', " - $what\n";
	$failed = 1 if @wrong;
}

sub contents
{
	my ($file) = @_;

	open(my $in, '<', $file) or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

# A source without its comments and strings; names of headers stay.
sub code
{
	my $text = contents($_[0]);

	$text =~ s{("(?:[^"\\\n]|\\.)*")|/\*.*?\*/|//[^\n]*}{$1 // ' '}gse;
	$text =~ s{^(?!#include)(.*)$}{(my $line = $1) =~ s/"(?:[^"\\]|\\.)*"/""/g; $line}gme;
	return $text;
}

sub room
{
	return $_[0] =~ m{^src/(\w+)/} ? $1 : $_[0] =~ m{^src/} ? '' : 'trainer';
}

# The headers of ours that a file includes
sub includes
{
	my ($file) = @_;
	my @found;

	foreach my $header ($text{$file} =~ /^#include "([^"]+)"/mg)
	{
		my ($path) = grep { exists $text{$_} } dirname($file) . "/$header", "src/$header";

		$path //= $1 if "src/$header" =~ m{^src/\.\./(.*)$} && exists $text{$1};
		push @found, $path if defined $path;
	}
	return @found;
}

# ---------------------------------------------------------------- rooms

sub check_rooms
{
	my @wrong;

	foreach my $file (sort keys %text)
	{
		my $from = room($file);

		push @wrong, "$file is in a room that nobody knows" if $from =~ /./ && $from ne 'trainer' && !$below{$from};
		foreach my $header (includes($file))
		{
			my $to = room($header);
			my $allowed = $from eq $to || grep { $_ eq $to } @{ $below{$from} // [] };

			# the door includes every room, and the protocol is both processes'
			$allowed = 1 if $file eq 'src/company_risk.c' || basename($header) eq 'protocol.h';
			push @wrong, "$file includes $header" if !$allowed;
		}
	}
	report('no room includes a room above it', @wrong);
}

# ---------------------------------------------------------------- circles

# A file and its header are one
sub unit
{
	return $_[0] =~ s/\.[ch]$//r;
}

# What is defined where: functions that are not static
sub definitions
{
	my %defined;

	foreach my $file (grep { /\.c$/ } keys %text)
	{
		my $space = $file =~ m{^trainer/} ? 'trainer' : 'src';

		while ($text{$file} =~ /^([^\n#]*)\n(\w+)\([^;{]*?\)\s*\n\{/mg)
		{
			$defined{$space}{$2} = $file unless $1 =~ /\bstatic\b/;
		}
	}
	return %defined;
}

sub arrows
{
	my %defined = definitions();
	my %arrows;

	foreach my $file (keys %text)
	{
		my $own = $defined{ $file =~ m{^trainer/} ? 'trainer' : 'src' };

		$arrows{ unit($file) } //= {};
		foreach my $header (includes($file))
		{
			$arrows{ unit($file) }{ unit($header) } = 1;
		}
		next if $file !~ /\.c$/;
		foreach my $name ($text{$file} =~ /\b([A-Za-z_]\w*)\b/g)
		{
			my $definer = $own->{$name};

			$arrows{ unit($file) }{ unit($definer) } = 1 if defined $definer;
		}
	}
	delete $arrows{$_}{$_} foreach keys %arrows;
	return \%arrows;
}

# The header that a file belongs to by its name: of model_read.c, and of
# model_internal.h, model.h
sub family
{
	my ($file) = @_;
	my ($folder, $stem) = unit($file) =~ m{^(.*/)([^/]+)$};

	while ($stem =~ s/_[^_]+$//)
	{
		return "$folder$stem" if exists $text{"$folder$stem.h"};
	}
	return unit($file);
}

sub arrows_of_families
{
	my %arrows;

	foreach my $file (keys %text)
	{
		$arrows{ family($file) }{ family($_) } = 1 foreach includes($file);
	}
	delete $arrows{$_}{$_} foreach keys %arrows;
	return \%arrows;
}

# Tarjan's strongly connected components, of more than one file each
sub circles
{
	my ($arrows) = @_;
	my (%index, %low, %open, @stack, @circles, $visit);
	my $count = 0;

	$visit = sub {
		my ($node) = @_;

		$index{$node} = $low{$node} = $count++;
		push @stack, $node;
		$open{$node} = 1;
		foreach my $next (sort keys %{ $arrows->{$node} // {} })
		{
			$visit->($next) if !exists $index{$next};
			$low{$node} = $low{$next} if $open{$next} && $low{$next} < $low{$node};
		}
		return if $low{$node} != $index{$node};
		my @circle;
		do { push @circle, pop @stack; $open{ $circle[-1] } = 0 } until $circle[-1] eq $node;
		push @circles, join(' ', sort @circle) if @circle > 1;
	};
	exists $index{$_} or $visit->($_) foreach sort keys %$arrows;
	return @circles;
}

# ---------------------------------------------------------------- the install script

# Without comments, and without strings, in which names are only talked about
sub statements
{
	my $text = contents($_[0]);

	$text =~ s{/\*.*?\*/|--[^\n]*}{ }gs;
	$text =~ s{'(?:[^']|'')*'}{''}g;
	return $text;
}

sub check_parts
{
	my (%created, @wrong);
	my %parts = map { $_ => statements($_) } glob('sql/install/*.sql');

	foreach my $part (sort keys %parts)
	{
		$created{$1} //= $part
			while $parts{$part} =~ /^CREATE (?:OR REPLACE )?(?:FUNCTION|AGGREGATE|VIEW|TYPE|TABLE)\s+((?:risk|risk_internal)\.\w+)/mg;
		$created{"risk_internal.$1"} //= $part
			while $parts{$part} =~ /^CREATE (?:UNIQUE )?INDEX (\w+)/mg;
	}
	foreach my $part (sort keys %parts)
	{
		my %seen;

		foreach my $name ($parts{$part} =~ /\b((?:risk|risk_internal)\.\w+)\b/g)
		{
			next if $seen{$name}++;
			my $home = $created{$name};

			push @wrong, basename($part) . " names $name, which " .
				(defined $home ? basename($home) . ' creates' : 'nothing creates')
				if !defined $home || $home gt $part;
		}
	}
	report('each part of the install script refers backwards only', @wrong);
}

# ---------------------------------------------------------------- style

# The types that the sources define
sub typedefs
{
	my %types;

	foreach my $text (map { code($_) } glob('src/*.[ch] src/*/*.[ch] trainer/*.[ch] test/unit/*.[ch] test/fuzz/*.c bench/*.c'))
	{
		$types{$1} = 1 while $text =~ /\btypedef\s+(?:struct|enum|union)\b[^;{]*\{.*?^\s*\}\s*(\w+);/msg;
		$types{$1} = 1 while $text =~ /\btypedef\s+[^;{}()]*?\b(\w+)(?:\[\w*\])?;/mg;
		$types{$1} = 1 while $text =~ /\btypedef\s+[^;{}()]*\(\*\s*(\w+)\)\s*\(/mg;
	}
	return sort keys %types;
}

sub check_typedefs
{
	my %defined = map { $_ => 1 } typedefs();
	my %listed = map { $_ => 1 } split /\n/, contents('src/typedefs.list');

	report('src/typedefs.list is complete',
		map({ "$_ is not listed" } grep { !$listed{$_} } sort keys %defined),
		map({ "$_ is not defined" } grep { !$defined{$_} } sort keys %listed));
}

sub check_lines
{
	my @wrong;

	foreach my $file (glob('sql/*.sql test/regress/*.sql test/isolation/specs/*.spec test/t/*.p[lm]'))
	{
		my $number = 0;

		foreach my $line (split /\n/, contents($file))
		{
			$number++;
			utf8::decode($line);
			push @wrong, "$file, line $number" if length($line =~ s/\t/    /gr) >= 120;
		}
	}
	report('lines of tests are shorter than 120 columns', @wrong);
}

check_rooms();
report('no file is in a circle', circles(arrows()), circles(arrows_of_families()));
check_parts();
check_typedefs();
check_lines();
exit $failed;
