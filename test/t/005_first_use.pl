
# The first use of a model: many sessions at once build its image once, and a
# load that is cancelled, terminated or fails leaves nothing behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CompanyRiskTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $sessions = 8;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
create_companies($node, 'postgres', 50);
import_model($node, 'postgres', 'large', large_model(1, 150));
$node->safe_psql('postgres', q{SELECT risk.promote_model('large@1')});

my $loaded = 'SELECT name, place, image_state, backends, loads FROM risk.loaded_models';
my $lock = 'LOCK TABLE risk_internal.registry_chunk IN ACCESS EXCLUSIVE MODE';

sub new_session
{
	my $session = background_session($node, 'postgres', on_error_stop => 0);

	$session->{server_pid} = $session->query_safe('SELECT pg_backend_pid()');
	return $session;
}

# Sends a query and does not wait for the answer, which result() returns, errors
# included.
sub send_query
{
	my ($session, $sql) = @_;

	$session->{stderr} = '';
	$session->query_until(qr/sent\n/, "\\echo sent\n$sql;\n\\echo finished\n\\warn finished\n");
	return;
}

sub result
{
	my ($session) = @_;

	$session->{run}->pump
	  until ($session->{stdout} =~ /finished\n/ && $session->{stderr} =~ /finished\n/)
	  || $session->{timeout}->is_expired;
	die 'query timed out' if $session->{timeout}->is_expired;

	my $result = $session->{stderr} . $session->{stdout};
	$session->{stdout} = $session->{stderr} = '';
	$result =~ s/finished\n//g;
	chomp $result;
	return $result;
}

sub wait_until
{
	my ($condition, $what) = @_;

	$node->poll_query_until('postgres', "SELECT $condition") or die "$what does not happen";
	return;
}

# Waits until a session's query waits for a lock on the bytes of the model.
sub wait_until_blocked
{
	my ($session) = @_;

	wait_until(
		"count(*) = 1 FROM pg_locks WHERE pid = $session->{server_pid} AND NOT granted "
		  . "AND relation = 'risk_internal.registry_chunk'::regclass",
		'waiting for a lock');
	return;
}

# How often the bytes of models have been read, once everybody has said so.
sub reads
{
	wait_until(
		q{count(*) = 1 FROM pg_stat_activity WHERE backend_type IN ('client backend', 'parallel worker')},
		'end of the sessions');
	return $node->safe_psql('postgres',
		q{SELECT idx_scan, idx_tup_fetch FROM pg_stat_user_tables
		WHERE relid = 'risk_internal.registry_chunk'::regclass});
}

sub reads_since
{
	my ($before) = @_;
	my @before = split(/\|/, $before);
	my @now = split(/\|/, reads());

	return join('|', map { $now[$_] - $before[$_] } 0 .. 1);
}

sub nothing_is_left
{
	my ($title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is($node->safe_psql('postgres', $loaded), '', "$title: nothing is left in memory");
	return;
}

# ---------- many at once

my $before = reads();
my $scores = $node->safe_psql('postgres', company_scores());
my $reads_of_one = reads_since($before);
unlike($reads_of_one, qr/^0|\|0/, "one load reads the bytes ($reads_of_one)");

foreach my $round (1 .. 2)
{
	$node->restart;
	$before = reads();
	my $gate = new_session();
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	my @crowd = map { new_session() } 1 .. $sessions;
	send_query($_, 'DO $$ BEGIN PERFORM pg_advisory_lock_shared(1); END $$;' . company_scores()) foreach @crowd;
	wait_until("count(*) = $sessions FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 'the crowd');
	nothing_is_left("round $round, before");
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	is_deeply([ map { result($_) } @crowd ], [ ($scores) x $sessions ], "round $round: all have the same scores");
	is($gate->query_safe($loaded), "large|shared|ready|$sessions|1", "round $round: all have the same image");
	$_->quit foreach (@crowd, $gate);
	is(reads_since($before), $reads_of_one, "round $round: the bytes were read by one of them");
}

# ---------- loads that end early

# A lock on the bytes holds the load up, so that it is certain to be under way.
$node->restart;
my %ends = (
	'cancelled' => [ 'pg_cancel_backend', qr/ERROR:  canceling statement due to user request/ ],
	'terminated' => [ 'pg_terminate_backend', qr/FATAL:  terminating connection/ ]);
foreach my $end (sort keys %ends)
{
	my ($function, $message) = @{ $ends{$end} };
	my $blocker = new_session();
	my $loader = new_session();

	$blocker->query_safe("BEGIN; $lock");
	send_query($loader, company_scores());
	wait_until_blocked($loader);
	is($node->safe_psql('postgres', $loaded), 'large|shared|loading|0|0', "a load is under way, to be $end");
	$node->safe_psql('postgres', "SELECT $function($loader->{server_pid})");
	if ($end eq 'cancelled')
	{
		like(result($loader), $message, "it is $end");
	}
	else
	{
		end_of_session($loader);
		like($loader->{stderr}, $message, "it is $end");
		wait_until("count(*) = 0 FROM pg_stat_activity WHERE pid = $loader->{server_pid}", 'its end');
	}
	nothing_is_left($end);

	# with others waiting for it: one of them takes over
	$loader = new_session() if $end eq 'terminated';
	send_query($loader, company_scores());
	wait_until_blocked($loader);
	my @waiting = map { new_session() } 1 .. 3;
	send_query($_, company_scores()) foreach @waiting;
	# they may wait for the loader, or, after a while, for what it waits for
	wait_until(
		'count(*) = 3 FROM pg_stat_activity WHERE wait_event_type IS NOT NULL AND wait_event_type <> $$Client$$ '
		  . 'AND pid IN (' . join(', ', map { $_->{server_pid} } @waiting) . ')',
		'waiting for the loader');
	$node->safe_psql('postgres', "SELECT $function($loader->{server_pid})");
	$end eq 'cancelled' ? like(result($loader), $message, "$end with others waiting") : end_of_session($loader);
	$blocker->query_safe('COMMIT');
	is_deeply([ map { result($_) } @waiting ], [ ($scores) x 3 ], "$end: the others go on");
	is( $node->safe_psql('postgres', "SELECT count(*) FROM risk.loaded_models WHERE image_state <> 'ready'"),
		'0', "$end: nothing is being loaded any more");
	$_->quit foreach (@waiting, $blocker);
	$loader->quit if $end eq 'cancelled';
	$node->restart;
}

# at whatever point a timeout strikes, of the time that a load takes here and now
{
	my $session = new_session();
	my $cancelled = 0;
	my $begun = time();

	$session->query_safe(company_scores());
	my $needed = 1000 * (time() - $begun);
	$session->quit;
	$node->restart;
	$session = new_session();
	foreach my $part (0.05, 0.15, 0.3, 0.5, 0.8)
	{
		my $milliseconds = int($part * $needed) || 1;
		my $result = $session->query("SET statement_timeout = $milliseconds; " . company_scores());
		my $stderr = $session->{stderr};

		$session->{stderr} = '';
		$session->query_safe('SET statement_timeout = 0');
		if ($stderr =~ /canceling statement due to statement timeout/)
		{
			$cancelled++;
			# nothing of the load, if that is what was cancelled, and not what follows it
			like($session->query_safe($loaded), qr/\A(|large\|shared\|ready\|1\|1)\z/,
				"no half load is left after $part of the time");
		}
		else
		{
			is($result . $stderr, $scores, "loaded in $part of the time that it took before");
			last;
		}
	}
	cmp_ok($cancelled, '>', 0, 'some loads were too slow');
	is($session->query_safe(company_scores()), $scores, 'the next one is not in a hurry');
	is($session->query_safe($loaded), 'large|shared|ready|1|1', 'and shares what it has loaded');
	$session->quit;
}

# ---------- whoever waits can be cancelled

SKIP:
{
	skip 'needs SIGSTOP', 5 if $windows_os;

	my ($gate, $loader, $waiter);
	my $state = '';

	# Stopped in the middle of its work, so that it is not itself waiting: a lock
	# holds it up, and then it is let go on for a millisecond at a time.
	foreach my $attempt (1 .. 10)
	{
		$node->restart;
		($gate, $loader, $waiter) = map { new_session() } 1 .. 3;
		$gate->query_safe("BEGIN; $lock");
		send_query($loader, company_scores());
		wait_until_blocked($loader);
		kill 'STOP', $loader->{server_pid};
		$gate->query_safe('COMMIT');
		do
		{
			kill 'CONT', $loader->{server_pid};
			usleep(1_000);
			kill 'STOP', $loader->{server_pid};
			$state = $waiter->query_safe(
				q{SELECT CASE WHEN wait_event_type = 'Lock' THEN 'waiting' }
				  . 'ELSE (SELECT image_state FROM risk.loaded_models) END '
				  . "FROM pg_stat_activity WHERE pid = $loader->{server_pid}");
		} while ($state eq 'waiting');
		last if $state eq 'loading';
		kill 'CONT', $loader->{server_pid};
		result($loader);
		$_->quit foreach ($gate, $loader, $waiter);
	}
	is($state, 'loading', 'a load is stopped in the middle');

	send_query($waiter, company_scores());
	wait_until(
		"count(*) = 1 FROM pg_stat_activity WHERE pid = $waiter->{server_pid} AND wait_event_type = 'Extension'",
		'waiting for a load');
	# longer than the time after which it looks for a loader that is stuck
	usleep(1_500_000);
	is( $node->safe_psql('postgres', "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $waiter->{server_pid}"),
		'Extension', 'a session waits patiently for a load by another one');
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($waiter->{server_pid})");
	like(result($waiter), qr/ERROR:  canceling statement due to user request/, 'and can be cancelled');
	kill 'CONT', $loader->{server_pid};
	is(result($loader), $scores, 'the load goes on undisturbed');
	is($waiter->query_safe(company_scores()), $scores, 'and serves the other one, too');
	$_->quit foreach ($gate, $loader, $waiter);
}

# ---------- a load that waits for somebody who waits for the load

{
	$node->restart;
	my ($first, $second) = map { new_session() } 1 .. 2;

	$first->query_safe("BEGIN; $lock");
	send_query($second, company_scores());
	wait_until_blocked($second);
	my $began = time;
	send_query($first, company_scores());
	is(result($first), $scores, 'who holds up the load does not wait for it forever');
	cmp_ok(time - $began, '<', 30, 'but not long');
	$first->query_safe('COMMIT');
	is(result($second), $scores, 'the load goes on then');
	$_->quit foreach ($first, $second);
}

# ---------- a load that fails

$node->safe_psql('postgres', 'CREATE TABLE good_bytes AS SELECT * FROM risk_internal.registry_chunk');
# a byte that no JSON holds, and a digit that is another one: still a model
my %damages = (
	'a damaged byte' => 'set_byte(data, 100000, 255)',
	'a changed digit' => q{overlay(data PLACING '9' FROM (
		SELECT n FROM generate_series(100000, 100100) n WHERE get_byte(data, n - 1) BETWEEN 48 AND 56 LIMIT 1))},
	'bytes cut off' => 'substring(data FROM 1 FOR 5000)');
foreach my $damage (sort keys %damages)
{
	$node->safe_psql('postgres',
		"UPDATE risk_internal.registry_chunk SET data = $damages{$damage} WHERE number = 2");
	$node->restart;

	my @crowd = map { new_session() } 1 .. 4;

	send_query($_, company_scores()) foreach @crowd;
	like(result($_), qr/ERROR:  .*large\@1/s, "$damage: the load fails") foreach @crowd;
	nothing_is_left($damage);
	$node->safe_psql('postgres', q{
		UPDATE risk_internal.registry_chunk c SET data = g.data FROM good_bytes g
		WHERE (c.name, c.version, c.number) = (g.name, g.version, g.number)});
	send_query($_, company_scores()) foreach @crowd;
	is(result($_), $scores, "$damage: restored, the same session scores") foreach @crowd;
	is($crowd[0]->query_safe($loaded), 'large|shared|ready|4|1', "$damage: and shares");
	$_->quit foreach @crowd;
}

my $log = slurp_file($node->logfile);
unlike($log, qr/terminated by signal|PANIC|TRAP/, 'no process has crashed');
$node->stop;

done_testing();
