
# A server process is killed: what was committed is there afterwards, what was
# not is gone, and models are loaded again when they are used.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CompanyRiskTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

if ($windows_os)
{
	plan skip_all => 'needs SIGKILL';
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->start;

create_companies($node, 'postgres', 200);
is(import_model($node, 'postgres', 'large', large_model(1, 20)),
	'large@1', 'a model is imported');
$node->safe_psql('postgres', "SELECT risk.promote_model('large\@1')");

my $registry = q{
	SELECT md5(string_agg(t::text, ' ' ORDER BY t::text))
	FROM (SELECT r::text FROM risk_internal.registry r
		UNION ALL SELECT f::text FROM risk_internal.registry_feature f
		UNION ALL SELECT c::text FROM risk_internal.registry_chunk c
		UNION ALL SELECT e::text FROM risk_internal.registry_event e) t};
my $scores = $node->safe_psql('postgres', company_scores());
my $before = $node->safe_psql('postgres', $registry);

# Kills the process of a background session with SIGKILL and waits until the
# server has noticed, and is there again.
sub crash
{
	my ($session) = @_;
	my $pid = $session->{server_pid};
	# is told by the postmaster that it has noticed
	my $witness = background_session($node, 'postgres');

	$witness->query_until(qr/asleep/, "\\echo asleep\nSELECT pg_sleep(3600);\n");
	kill 'KILL', $pid or die "could not kill $pid: $!";
	end_of_session($_) foreach ($session, $witness);
	$node->poll_query_until('postgres', 'SELECT true')
	  or die 'server does not come back';
	return;
}

sub new_session
{
	my $session = background_session($node, 'postgres');

	$session->{server_pid} = $session->query_safe('SELECT pg_backend_pid()');
	return $session;
}

sub is_intact
{
	my ($title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is($node->safe_psql('postgres', $registry), $before, "$title: registry is intact");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM risk.loaded_models'),
		'0', "$title: nothing is loaded");
	is($node->safe_psql('postgres', company_scores()), $scores, "$title: scores are the same");
	# polled, because psql does not wait for the end of its server process
	ok( $node->poll_query_until(
			'postgres',
			'SELECT name, version, place, image_state, backends, loads FROM risk.loaded_models',
			'large|1|shared|ready|0|1'),
		"$title: the model is loaded again, once");
	return;
}

foreach my $preload ('without preloading', 'preloaded')
{
	if ($preload eq 'preloaded')
	{
		$node->append_conf('postgresql.conf', "shared_preload_libraries = 'company_risk'");
		$node->restart;
	}

	foreach my $round (1 .. 2)
	{
		my $session = new_session();
		is($session->query_safe(company_scores()), $scores, "scores before crash $round, $preload");
		crash($session);
		is_intact("scoring process killed, round $round, $preload");
	}

	# in the middle of a transaction that imports, promotes and scores
	my $session = new_session();
	my $file = $node->basedir . '/killed';
	append_to_file($file, large_model(2, 20));
	$session->query_safe("BEGIN");
	is( $session->query_safe("SELECT risk.import_model('large', pg_read_binary_file('$file'))"),
		'large@2', "an import begins, $preload");
	$session->query_safe("SELECT risk.promote_model('large\@2', 'never')");
	isnt($session->query_safe(company_scores()), $scores, "it scores otherwise, $preload");
	unlink $file;
	crash($session);
	is_intact("importing process killed, $preload");

	# in the middle of a load, which a lock on the bytes holds up
	$node->restart;
	my $blocker = new_session();
	$blocker->query_safe('BEGIN; LOCK TABLE risk_internal.registry_chunk IN ACCESS EXCLUSIVE MODE');
	my $loader = new_session();
	$loader->query_until(qr/begun\n/, "\\echo begun\n" . company_scores() . ";\n");
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM risk.loaded_models WHERE image_state = 'loading'")
	  or die 'the model is not being loaded';
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_locks WHERE pid = $loader->{server_pid} AND NOT granted")
	  or die 'the load does not wait';
	crash($loader);
	end_of_session($blocker);
	is_intact("loading process killed, $preload");
}

# The numbers go on where the last commit left them.
is(import_model($node, 'postgres', 'large', large_model(2, 20)),
	'large@2', 'the number of the killed import is given to the next one');

$node->stop;

done_testing();
