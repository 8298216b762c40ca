
=pod

=head1 NAME

CompanyRiskTest - models, companies and a look at processes, for TAP tests

=head1 SYNOPSIS

  use FindBin;
  use lib $FindBin::RealBin;
  use CompanyRiskTest;

Where the extension is installed is not known here: a run that does not want the
system's says so in the file that the environment variable TEMP_CONFIG names,
whose settings PostgreSQL::Test::Cluster gives to every server.

=cut

package CompanyRiskTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  tiny_model
  large_model
  import_model
  create_companies
  company_scores
  memory_kb
  process_maps
  own_segments
  background_session
  end_of_session
);

# One tree with one split on x: scores are $leaf (x < 0.5) and 10 * $leaf.
sub tiny_model
{
	my ($leaf) = @_;

	return _model(
		2, 1,
		sub {
			return (
				split_indices => '0,0,0',
				split_conditions => '0.5,' . $leaf . ',' . 10 * $leaf);
		});
}

# Full binary trees of depth 10 over 20 features: 2,047 nodes each.  A seed
# always gives the same model.  100 trees are 204,700 nodes, some 7 MB of JSON.
sub large_model
{
	my ($seed, $trees) = @_;
	my $state = $seed;
	my $random = sub {
		$state = ($state * 1103515245 + 12345) % 2147483648;
		return ($state >> 8) % $_[0];
	};

	return _model(
		20,
		$trees // 100,
		sub {
			return (
				split_indices => join(',', map { $random->(20) } 0 .. 2046),
				split_conditions => join(',',
					map { ($random->(8191) - 4095) / ($_ < 1023 ? 512 : 65536) } 0 .. 2046));
		},
		10);
}

# XGBoost's JSON of a model of full binary trees.  Features are x, y, f2, f3 ...
sub _model
{
	my ($features, $trees, $tree_maker, $depth) = @_;
	$depth //= 1;
	my $inner = 2**$depth - 1;
	my $nodes = 2 * $inner + 1;
	my $names = join(',', map { qq("$_") } ('x', 'y', map { "f$_" } 2 .. $features - 1));
	my $types = join(',', ('"float"') x $features);
	my $zeros = join(',', (0) x $nodes);
	my $ones = join(',', (1) x $nodes);
	my $left = join(',', map { $_ < $inner ? 2 * $_ + 1 : -1 } 0 .. $nodes - 1);
	my $right = join(',', map { $_ < $inner ? 2 * $_ + 2 : -1 } 0 .. $nodes - 1);
	my $parents = join(',', 2147483647, map { int(($_ - 1) / 2) } 1 .. $nodes - 1);
	my @trees;

	for my $id (0 .. $trees - 1)
	{
		my %tree = $tree_maker->($id);

		push @trees,
		    qq({"id":$id,"tree_param":{"num_deleted":"0","num_feature":"$features",)
		  . qq("num_nodes":"$nodes","size_leaf_vector":"0"},)
		  . qq("left_children":[$left],"right_children":[$right],"parents":[$parents],)
		  . qq("split_indices":[$tree{split_indices}],)
		  . qq("split_conditions":[$tree{split_conditions}],"split_type":[$zeros],)
		  . qq("default_left":[$ones],"base_weights":[$zeros],"loss_changes":[$zeros],)
		  . qq("sum_hessian":[$ones],"categories":[],"categories_nodes":[],)
		  . qq("categories_segments":[],"categories_sizes":[]});
	}

	return
	    qq({"version":[1,7,4],"learner":{"attributes":{},)
	  . qq("feature_names":[$names],"feature_types":[$types],)
	  . qq("learner_model_param":{"base_score":"0E0","num_class":"0",)
	  . qq("num_feature":"$features","num_target":"1"},)
	  . qq("objective":{"name":"reg:squarederror","reg_loss_param":{"scale_pos_weight":"1"}},)
	  . qq("gradient_booster":{"name":"gbtree","model":{)
	  . qq("gbtree_model_param":{"num_parallel_tree":"1","num_trees":"$trees"},)
	  . '"tree_info":['
	  . join(',', (0) x $trees)
	  . '],"trees":['
	  . join(',', @trees)
	  . ']}}}}';
}

# Imports a model, given as its bytes, and returns the reference.
sub import_model
{
	my ($node, $dbname, $name, $bytes) = @_;
	my $file = $node->basedir . '/model';

	open my $handle, '>:raw', $file or die "could not write $file: $!";
	print $handle $bytes;
	close $handle or die "could not write $file: $!";
	my $reference = $node->safe_psql($dbname,
		"SELECT risk.import_model('$name', pg_read_binary_file('$file'))");
	unlink $file;

	return $reference;
}

# The extension, and a table of companies with every feature that models of this
# file want; some values are missing.
sub create_companies
{
	my ($node, $dbname, $count) = @_;
	my $columns = join(', ',
		map { "nullif((n * (7 + $_)) % 1009, $_) / 64.0 - 7 AS f$_" } 2 .. 19);

	$node->safe_psql(
		$dbname, qq{
		CREATE EXTENSION company_risk;
		CREATE TABLE company AS
		SELECT n AS id, (n % 2)::float8 AS x, n / 10.0 AS y, $columns
		FROM generate_series(1, $count) n;
		ALTER TABLE company ADD PRIMARY KEY (id);});
	return;
}

# A query whose one value is equal only if all scores are equal to the bit.
sub company_scores
{
	my ($model) = @_;
	my $argument = defined $model ? ", '$model'" : '';

	return
	    "SELECT md5(string_agg(encode(float8send(score_company(c$argument)), 'hex'), ' ' ORDER BY id)) "
	  . 'FROM company c';
}

# What a process holds in memory of its own, in kB: not what it maps of files
# and of shared memory, which the kernel counts as private while nobody else
# happens to map it.
sub memory_kb
{
	my ($pid) = @_;
	my ($anonymous) =
	  slurp_file("/proc/$pid/smaps_rollup") =~ /^Anonymous:\s+(\d+) kB/m;

	return $anonymous;
}

sub process_maps
{
	my ($pid) = @_;

	return slurp_file("/proc/$pid/maps");
}

# The files of the dynamic shared memory segments that a process has mapped.
sub own_segments
{
	my ($pid) = @_;
	my %files = map { $_ => 1 } process_maps($pid) =~ m{(/dev/shm/PostgreSQL\.\d+)}g;

	return sort keys %files;
}

# A background psql whose query() and query_safe() answer what psql prints, without
# the last newline: PostgreSQL's own class does so only from 15.9, 16.5 and 17.1 on.
sub background_session
{
	my ($node, $dbname, %params) = @_;
	my $session = bless $node->background_psql($dbname, %params), 'CompanyRiskTest::Session';

	# what is left of its first words
	$session->query('');
	return $session;
}

# Waits until a background psql is gone because its server process is.
sub end_of_session
{
	my ($session) = @_;

	# Its exit status says that the connection was lost; we know.
	eval { $session->{run}->finish; };
	return;
}

package CompanyRiskTest::Session;

use parent -norequire, 'PostgreSQL::Test::BackgroundPsql';

# Warnings and errors are added to $session->{stderr}.
sub query
{
	my ($self, $sql) = @_;
	my $end = 'end of query ' . ++$self->{queries};

	$self->{stdin} .= "$sql\n;\n\\echo $end\n\\warn $end\n";
	$self->{run}->pump
	  until ($self->{stdout} =~ /^$end\n/m && $self->{stderr} =~ /^$end\n/m)
	  || $self->{timeout}->is_expired;
	die 'query timed out' if $self->{timeout}->is_expired;

	$self->{stderr} =~ s/^$end\n//m;
	my $result = $self->{stdout} =~ s/^$end\n//mr;
	$self->{stdout} = '';
	chomp $result;
	return $result;
}

1;
