
# One image of a model for all sessions: where it is, who counts as its user, when
# its memory is given back, and what happens when there is no room.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CompanyRiskTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

if ($^O ne 'linux')
{
	plan skip_all => 'looks into /proc and /dev/shm';
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'dynamic_shared_memory_type = posix');
$node->start;
my $large = large_model(1);
create_companies($node, 'postgres', 100);
import_model($node, 'postgres', 'large', $large);
$node->safe_psql('postgres', q{SELECT risk.promote_model('large@1')});

my $loaded = 'SELECT name, version, place, image_state, backends, loads, superseded FROM risk.loaded_models '
  . 'ORDER BY name, version, place';
my $shortage = 'could not put a model into shared memory';

sub new_session
{
	my ($dbname) = @_;
	my $session = background_session($node, $dbname // 'postgres', on_error_stop => 0);

	$session->{server_pid} = $session->query_safe('SELECT pg_backend_pid()');
	return $session;
}

# The view, once sessions that have been told to end are gone.
sub loaded_is
{
	my ($expected, $title, $dbname) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $found;

	# not poll_query_until: three minutes are more than a process takes to end
	foreach my $attempt (1 .. 200)
	{
		$found = $node->safe_psql($dbname // 'postgres', $loaded);
		last if $found eq $expected;
		usleep(100_000);
	}
	is($found, $expected, $title);
	return;
}

# Runs a query in a background session; returns its result and what else it said.
sub query_with_messages
{
	my ($session, $sql) = @_;
	my $result = $session->query($sql);
	my $messages = $session->{stderr};

	$session->{stderr} = '';
	return ($result, $messages);
}

# ---------- one copy

loaded_is('', 'nothing is loaded before it is used');
my $scores = $node->safe_psql('postgres', company_scores());
loaded_is('large|1|shared|ready|0|1|f', 'the image outlives the session that loaded it');
my $image_kb = int($node->safe_psql('postgres', 'SELECT bytes FROM risk.loaded_models') / 1024);
cmp_ok($image_kb, '>', 2048, 'the image has some megabytes');

my @sessions = map { new_session() } 1 .. 5;
foreach my $session (@sessions)
{
	# what any session needs that scores, before it meets the large image
	$session->query_safe("SELECT id, x FROM company WHERE id = 1; SELECT count(*) FROM risk.models");
	my $before = memory_kb($session->{server_pid});
	is($session->query_safe(company_scores()), $scores, 'another session scores');
	my $growth = memory_kb($session->{server_pid}) - $before;
	cmp_ok($growth, '<', 1024,
		"it takes little memory of its own ($growth kB, image $image_kb kB)");
}
loaded_is('large|1|shared|ready|5|1|f', 'all use one image, loaded once');
my %files = map { join(' ', own_segments($_->{server_pid})) => 1 } @sessions;
is(scalar keys %files, 1, 'all have the same segments mapped');
$sessions[0]->quit;
$sessions[1]->quit;
loaded_is('large|1|shared|ready|3|1|f', 'sessions that ended do not count');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($sessions[2]{server_pid}, 10000)");
end_of_session($sessions[2]);
loaded_is('large|1|shared|ready|2|1|f', 'nor does one that was terminated');
my ($idle, $busy) = @sessions[ 3, 4 ];
foreach my $failure ('SELECT score_company(c), 1 / (id - 50) FROM company c', q{SELECT score_company(1::float8)})
{
	my (undef, $messages) = query_with_messages($busy, $failure);
	like($messages, qr/ERROR/, 'a statement fails');
}
loaded_is('large|1|shared|ready|2|1|f', 'an error leaves the count alone');
$node->safe_psql('postgres',
	'SET debug_parallel_query = on; ' . company_scores()) if $node->pg_version >= 16;
$node->safe_psql('postgres', 'SET force_parallel_mode = on; ' . company_scores())
  if $node->pg_version < 16;
loaded_is('large|1|shared|ready|2|1|f', 'parallel workers come and go');

# ---------- the loading session does not keep what it needed to load

{
	$node->restart;
	my $session = new_session();
	my $contexts = 'SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts';
	my $before = $session->query_safe($contexts);
	is($session->query_safe(company_scores()), $scores, 'a session loads the model');
	my $growth = $session->query_safe($contexts) - $before;
	cmp_ok($growth, '<', 1024, "and gives back what it needed for it ($growth kB kept)");

	# ---------- what a scoring process is made of
	unlike(process_maps($session->{server_pid}), qr/xgboost|libgomp/,
		'it maps no libxgboost and no OpenMP');
	like(process_maps($session->{server_pid}), qr{/company_risk\.so}, 'but this extension');
	my @threads = glob("/proc/$session->{server_pid}/task/*");
	is(scalar @threads, 1, 'it has one thread');
	$session->quit;
	end_of_session($_) foreach ($idle, $busy);
}

# ---------- superseded versions

import_model($node, 'postgres', 'large', large_model(2, 50));
($idle, $busy) = map { new_session() } 1 .. 2;
$_->query_safe(company_scores()) foreach ($idle, $busy);
my ($old_segment) = sort { -s $b <=> -s $a } own_segments($idle->{server_pid});
cmp_ok(-s $old_segment, '>=', $image_kb * 1024, 'the image is a file in /dev/shm');
$node->safe_psql('postgres', q{SELECT risk.promote_model('large@2')});
# A session finds out when it meets an image for the first time, and lets go of
# what it does not use at the next occasion.
isnt($busy->query_safe(company_scores()), $scores, 'the new version scores otherwise') foreach (1, 2);
loaded_is("large|1|shared|ready|1|1|t\nlarge|2|shared|ready|1|1|f",
	'after a promotion the old image stays while a session has it');
$idle->query_safe(company_scores());
loaded_is('large|2|shared|ready|2|1|f', 'the last user\'s next use of a model frees it');
ok(!-e $old_segment, 'its memory is given back');
is($idle->query_safe(company_scores('large@1')), $scores, 'an archived version can still be used');
$node->safe_psql('postgres', q{SELECT risk.rollback_model('large', 'a test')});
is($busy->query_safe(company_scores()), $scores, 'and come back');
$node->safe_psql('postgres', q{SELECT risk.drop_model('large@2')});
$_->query_safe(company_scores()) foreach ($busy, $idle);
is($node->safe_psql('postgres', 'SELECT name, version, backends, superseded FROM risk.loaded_models'),
	'large|1|2|f', 'a dropped version is freed');

# an import that was used before it was rolled back
$busy->query_safe(
	q{BEGIN; SELECT risk.import_model('aborted', }
	  . q{convert_to(replace(convert_from(risk.export_model('large'), 'UTF8'), '"x"', '"z"'), 'UTF8'))});
$busy->query_safe(q{SELECT score_company(array_fill(0::float8, ARRAY[20]), 'aborted@1')});
$busy->query_safe('ROLLBACK');
import_model($node, 'postgres', 'other', tiny_model(0.5));
$_->query_safe(q{SELECT score_company(ARRAY[0, 0], 'other@1')}) foreach ($idle, $busy);
$_->query_safe(company_scores()) foreach ($idle, $busy);
loaded_is("large|1|shared|ready|2|2|f\nother|1|shared|ready|2|1|f", 'the image of an aborted import is freed');
$_->quit foreach ($idle, $busy);

# ---------- two databases

$node->safe_psql('postgres', 'CREATE DATABASE second');
create_companies($node, 'second', 100);
import_model($node, 'second', 'large', large_model(7, 50));
$node->safe_psql('second', q{SELECT risk.promote_model('large@1')});
my $other_scores = $node->safe_psql('second', company_scores());
isnt($other_scores, $scores, 'the same name has another content in another database');
is($node->safe_psql('postgres', company_scores()), $scores, 'the first database is not confused');
is($node->safe_psql('second', company_scores()), $other_scores, 'nor is the second');
loaded_is('large|1|shared|ready|0|1|f', 'each sees its own', 'second');
my $loads = $node->safe_psql('postgres', "SELECT loads FROM risk.loaded_models WHERE name = 'large'");
# the same content: not shared either, and dropping it in one leaves the other's
import_model($node, 'second', 'same', $large);
is($node->safe_psql('second', company_scores('same@1')), $scores, 'the same content scores the same');
loaded_is("large|1|shared|ready|0|1|f\nsame|1|shared|ready|0|1|f", 'in an image of its own', 'second');
$node->safe_psql('second', q{SELECT risk.drop_model('same@1')});
# meets a model for the first time, and so looks around
$node->safe_psql('second', company_scores());
loaded_is('large|1|shared|ready|0|1|f', 'dropped in one database', 'second');
is($node->safe_psql('postgres', "SELECT loads, backends FROM risk.loaded_models WHERE name = 'large'"),
	"$loads|0", 'it stays in the other');
is($node->safe_psql('postgres', company_scores()), $scores, 'and scores');
# the images of a dropped database
my $witness = new_session('second');
$witness->query_safe(company_scores());
my %segments = map { $_ => 1 } own_segments($witness->{server_pid});
$witness->quit;
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'second'");
$node->safe_psql('postgres', 'DROP DATABASE second');
import_model($node, 'postgres', 'third', tiny_model(3));
$node->safe_psql('postgres', q{SELECT score_company(ARRAY[0, 0], 'third@1')});
cmp_ok(scalar(grep { -e $_ } keys %segments), '<', scalar keys %segments,
	'the image of a dropped database is freed');

# ---------- the limit

$node->append_conf('postgresql.conf', 'company_risk.shared_memory_limit = 1MB');
$node->restart;
{
	my $session = new_session();
	my ($result, $messages) = query_with_messages($session, company_scores());

	is($result, $scores, 'a model that is larger than the limit scores');
	like($messages, qr/WARNING:  $shortage\nDETAIL: .*shared_memory_limit.*\nHINT: /, 'with a warning');
	is(() = $messages =~ /WARNING/g, 1, 'one warning');
	($result, $messages) = query_with_messages($session, company_scores('large@1'));
	is("$result$messages", $scores, 'and none at the next use');
	is($session->query_safe($loaded), 'large|1|private|ready|1|1|f', 'it is private to the session');
	is($session->query_safe(q{SELECT score_company(ARRAY[0, 0], 'other@1')}),
		'0.5', 'a small one fits');
	is($session->query_safe($loaded),
		"large|1|private|ready|1|1|f\nother|1|shared|ready|1|1|f", 'and is shared');
	is($node->safe_psql('postgres', $loaded), 'other|1|shared|ready|1|1|f',
		'other sessions do not see the private one');
	$session->quit;
}

# a limit that two of five models fit under, and a third does not
my $few_megabytes = int($image_kb / 1024) + 1;
$node->append_conf('postgresql.conf', "company_risk.shared_memory_limit = ${few_megabytes}MB");
$node->restart;
import_model($node, 'postgres', 'medium', large_model($_, 45)) foreach (11 .. 15);
my @medium = map { $node->safe_psql('postgres', company_scores("medium\@$_")) } 1 .. 5;
is($node->safe_psql('postgres', "SELECT string_agg(reference, ' ' ORDER BY reference) FROM risk.loaded_models"),
	'medium@4 medium@5', 'what was not used for the longest time makes room');
cmp_ok($node->safe_psql('postgres', 'SELECT sum(bytes) FROM risk.loaded_models'),
	'<=', $few_megabytes * 1024 * 1024, 'the limit is kept');
{
	my $session = new_session();

	is($session->query_safe(company_scores('medium@1')), $medium[0], 'an evicted model is loaded again');
	is($session->query_safe(company_scores('medium@2')), $medium[1], 'and another one');
	my ($result, $messages) = query_with_messages($session, company_scores('medium@3'));
	is("$result$messages", $medium[2], 'a session gives up what it does not use for what it uses');
	# in use by a cursor: not to be given up
	$session->query_safe(q{BEGIN;
		DECLARE c CURSOR FOR SELECT score_company(c, 'medium@1') FROM company c ORDER BY id;
		FETCH 1 FROM c});
	$session->query_safe(q{DECLARE d CURSOR FOR SELECT score_company(c, 'medium@2') FROM company c ORDER BY id;
		FETCH 1 FROM d});
	($result, $messages) = query_with_messages($session, company_scores('medium@3'));
	is($result, $medium[2], 'with no room left a third one is used privately');
	like($messages, qr/WARNING:  $shortage/, 'with a warning');
	is( $session->query_safe(
			q{MOVE 50 FROM c; MOVE 50 FROM d; SELECT count(*) FROM risk.loaded_models WHERE place = 'shared'}),
		'2', 'images in use stay');
	$session->query_safe('COMMIT');
	$session->quit;
}

# ---------- switched off

$node->append_conf('postgresql.conf', 'company_risk.shared_memory_limit = 0');
$node->restart;
{
	my $session = new_session();
	my ($result, $messages) = query_with_messages($session, company_scores());

	# the administrator's choice, not a shortage
	is("$result$messages", $scores, 'with the limit 0 a model scores, without a warning');
	is($session->query_safe($loaded), 'large|1|private|ready|1|1|f', 'from a private copy');
	is_deeply([ grep { -s $_ >= $image_kb * 1024 } own_segments($session->{server_pid}) ],
		[], 'no segment is there for it');
	$session->quit;
}

# ---------- more models than there are places

$node->append_conf('postgresql.conf', 'company_risk.shared_memory_limit = 1GB');
$node->restart;
import_model($node, 'postgres', 'many', tiny_model(1));
$node->safe_psql(
	'postgres', q{
	SELECT risk.import_model('many', convert_to(
		replace(convert_from(risk.export_model('many@1'), 'UTF8'), '[0.5,1,10]', format('[0.5,%s,0]', n)), 'UTF8'))
	FROM generate_series(2, 70) n});
{
	my $session = new_session();
	my @calls = map { "score_company(ARRAY[0, 0], 'many\@$_')" } 1 .. 70;
	my ($result, $messages) = query_with_messages($session, join(';', map { "SELECT $_" } @calls));

	is("$result$messages", join("\n", 1 .. 70), 'seventy models, one after the other, are no trouble');
	($result, $messages) = query_with_messages($session, 'SELECT ' . join(' + ', @calls));
	is($result, '2485', 'seventy at once score');
	is(() = $messages =~ /WARNING:  $shortage/g, 1, 'with one warning, for not all can be shared');
	is( $session->query_safe(
			q{SELECT count(*) FILTER (WHERE place = 'private') > 0, count(*) FILTER (WHERE place = 'shared') > 32
			FROM risk.loaded_models}),
		't|t', 'some are private, most are shared');
	$session->quit;
}

# ---------- preloaded

$node->append_conf('postgresql.conf',
	"company_risk.shared_memory_limit = 1GB\nshared_preload_libraries = 'company_risk'");
$node->restart;
@sessions = map { new_session() } 1 .. 2;
is($_->query_safe(company_scores()), $scores, 'preloaded, it scores') foreach @sessions;
loaded_is('large|1|shared|ready|2|1|f', 'and shares');

# ---------- the end

%files = map { $_ => 1 } map { own_segments($_->{server_pid}) } @sessions;
cmp_ok(scalar keys %files, '>', 0, 'there are segments');
$_->quit foreach @sessions;
$node->stop;
is_deeply([ grep { -e $_ } sort keys %files ], [], 'none is left when the server has stopped');

# ---------- /dev/shm is full

# A start in a mount namespace of its own, where /dev/shm has room for half the
# image: as in a container with too small a --shm-size.
my $shm_kb = int($image_kb / 2);
my @namespace = ('unshare', '--user', '--map-current-user', '--keep-caps', '--mount');
my $mount = "mount -t tmpfs -o size=${shm_kb}k tmpfs /dev/shm";
SKIP:
{
	my ($stdout, $stderr);

	skip 'mount namespaces are not permitted here', 9
	  unless eval { IPC::Run::run([ @namespace, 'sh', '-c', $mount ], '>', \$stdout, '2>', \$stderr) };

	my $folder = $node->basedir . '/bin';
	my ($pg_ctl) = grep { -x $_ } map { "$_/pg_ctl" } split(/:/, $ENV{PATH});
	mkdir $folder or die "could not create $folder: $!";
	append_to_file("$folder/pg_ctl",
		"#!/bin/sh\nexec @namespace sh -c '$mount && exec $pg_ctl \"\$@\"' sh \"\$@\"\n");
	chmod 0755, "$folder/pg_ctl" or die "could not chmod $folder/pg_ctl: $!";
	{
		local $ENV{PATH} = "$folder:$ENV{PATH}";
		$node->start;
	}

	foreach my $round (1 .. 2)
	{
		my $session = new_session();
		my ($result, $messages) = query_with_messages($session, company_scores());

		is($result, $scores, "with /dev/shm full a model scores, session $round");
		# the second one need not find it out for itself
		like($messages,
			qr/WARNING:  $shortage\nDETAIL: .*(No space left on device|out of shared memory).*\nHINT: .*\/dev\/shm/,
			'with one warning that says what to do');
		is($session->query_safe($loaded), 'large|1|private|ready|1|1|f', 'from a private copy');
		$session->quit;
	}
	is($node->safe_psql('postgres', q{SELECT score_company(ARRAY[0, 0], 'other@1')}),
		'0.5', 'a small model scores');
	loaded_is('other|1|shared|ready|0|1|f', 'and is shared');
	my $log = slurp_file($node->logfile);
	unlike($log, qr/terminated by signal|PANIC|TRAP/, 'no process has crashed');
	$node->stop;
}

done_testing();
