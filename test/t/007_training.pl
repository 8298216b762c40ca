
# Training: the models are Python's, to the byte; another session sees how far it
# is; and a training that is cancelled, at whatever point, leaves nothing behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CompanyRiskTest;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);

if ($^O ne 'linux')
{
	plan skip_all => 'looks into /proc';
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $folder = $node->basedir;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION company_risk;
	CREATE FUNCTION draw(what text) RETURNS float8
	LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(what), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
	CREATE TABLE firm AS
	SELECT n AS id, p.*, 1 + (n % 3) AS weight, draw('v' || n) < 0.25 AS held_out,
		draw('y' || n) < 1 / (1 + exp(3 - 0.05 * debt - CASE form WHEN 'Société étrangère' THEN 1 ELSE 0 END)) AS y
	FROM generate_series(1, 3000) n,
		LATERAL (SELECT 100 * draw('debt' || n) AS debt, (200 * draw('staff' || n) ^ 2)::integer AS staff,
			CASE WHEN draw('age' || n) < 0.8 THEN 40 * draw('years' || n) END AS age,
			CASE WHEN draw('form' || n) < 0.9
				THEN (ARRAY['SARL', 'SAS', 'SA', 'Société étrangère', 'EI', 'ça'])[1 + floor(6 * draw('f' || n))::int]
				END AS form,
			draw('subsidy' || n) < 0.2 AS subsidised) p
	ORDER BY n;});

# ---------- the same model as Python's

sub python
{
	foreach my $python ('/usr/bin/python3', 'python3')
	{
		my ($stdout, $stderr);

		return $python
		  if IPC::Run::run([ $python, '-c', 'import xgboost, pandas' ], '>', \$stdout, '2>', \$stderr);
	}
	return;
}

my %types = (debt => 'float', staff => 'int', age => 'float', form => 'category', subsidised => 'i');
my %cases = (
	numbers => { features => [qw(debt staff age)], parameters => {}, rounds => 20 },
	everything => {
		features => [qw(debt staff age form subsidised)],
		parameters =>
		  { max_depth => 4, eta => 0.1, subsample => 0.7, colsample_bytree => 0.8, max_cat_to_onehot => 2 },
		rounds => 30,
		seed => 5
	},
	weighted => { features => [qw(debt age form)], parameters => { lambda => 2 }, rounds => 10, weight => 1 },
	stopped => {
		features => [qw(debt staff form)],
		parameters => { eta => 0.5, eval_metric => 'aucpr' },
		rounds => 200,
		early_stopping_rounds => 5
	},
	exact => {
		features => [qw(debt staff age)],
		parameters => { tree_method => 'exact', max_depth => 3 },
		rounds => 10
	},
	dart => {
		features => [qw(debt age)],
		parameters => { booster => 'dart', rate_drop => 0.3 },
		rounds => 10,
		seed => 2
	},
	linear => {
		features => [qw(debt staff)],
		parameters => { booster => 'gblinear', updater => 'coord_descent' },
		rounds => 10
	},
	monotone => {
		features => [qw(staff debt)],
		parameters => { monotone_constraints => { debt => 1 } },
		rounds => 15
	},
	lossguide => {
		features => [qw(debt staff age)],
		parameters => { grow_policy => 'lossguide', max_leaves => 12, max_depth => 0, max_bin => 64 },
		rounds => 10
	});

SKIP:
{
	my $python = python();
	my $json = JSON::PP->new->canonical;
	my %outcome;

	skip "no python3 with xgboost and pandas", scalar keys %cases unless $python;
	my $compared = "$folder/compared";
	mkdir $compared;
	foreach my $name (sort keys %cases)
	{
		my %case = %{ $cases{$name} };
		my $features = join ',', @{ $case{features} };
		my $seed = $case{seed} // 0;
		my $arguments = "features => '{$features}', validation_column => 'held_out', seed => $seed, "
		  . "parameters => '" . $json->encode($case{parameters}) . "', rounds => $case{rounds}";

		$arguments .= ", early_stopping_rounds => $case{early_stopping_rounds}" if $case{early_stopping_rounds};
		$arguments .= ", weight_column => 'weight'" if $case{weight};
		$node->safe_psql('postgres',
			"SELECT risk.train_model('$name', 'SELECT * FROM firm ORDER BY id', 'y', test_share => 0, $arguments)");

		my $hex = $node->safe_psql('postgres', "SELECT encode(risk.export_model('$name\@1'), 'hex')");
		append_to_file("$compared/$name.ubj", pack('H*', $hex));
		my $weight = $case{weight} ? 'weight' : '1';
		append_to_file("$compared/$name.csv",
			$node->safe_psql('postgres',
				"SET extra_float_digits = 1; COPY (SELECT $features, y AS label, $weight AS weight, "
				  . "CASE WHEN held_out THEN 'validation' ELSE 'train' END AS role FROM firm ORDER BY id) "
				  . 'TO STDOUT (FORMAT csv, HEADER)') . "\n");
		my %parameters = (objective => 'binary:logistic', seed => $seed, nthread => 1, %{ $case{parameters} });
		$parameters{tree_method} //= 'hist' unless ($parameters{booster} // '') eq 'gblinear';
		$parameters{monotone_constraints} = '(0,1)' if $parameters{monotone_constraints};
		append_to_file("$compared/$name.json",
			$json->encode({ parameters => \%parameters, rounds => $case{rounds},
				features => { map { $_ => $types{$_} } @{ $case{features} } },
				order => $case{features},
				$case{early_stopping_rounds} ? (early_stopping_rounds => $case{early_stopping_rounds}) : () }));
	}
	my $library = $node->safe_psql('postgres', 'SELECT DISTINCT library_version FROM risk.trainings');
	my ($version, $stderr);
	IPC::Run::run([ $python, '-c', 'import xgboost; print(xgboost.__version__)' ], '>', \$version, '2>', \$stderr);
	chomp $version;
	skip "Python's XGBoost is $version, the trainer's $library", scalar keys %cases if $version ne $library;

	my ($out, $err);
	IPC::Run::run([ $python, '-B', "$FindBin::RealBin/../training/compare.py", $compared ], '>', \$out, '2>', \$err);
	%outcome = map { split / /, $_, 2 } split /\n/, $out;
	is($outcome{$_} // $err, 'same', "Python trains the same model: $_") foreach sort keys %cases;
}

# ---------- progress

sub children
{
	my ($pid) = @_;

	return split ' ', slurp_file("/proc/$pid/task/$pid/children");
}

sub new_session
{
	my $session = background_session($node, shift // 'postgres', on_error_stop => 0);

	$session->{server_pid} = $session->query_safe('SELECT pg_backend_pid()');
	return $session;
}

# Sends a statement and does not wait for it.
sub start
{
	my ($session, $statement) = @_;

	$session->query_until(qr/begun\n/, "\\echo begun\n$statement;\n");
	return;
}

sub temporary_files
{
	my @files = glob($node->data_dir . '/base/pgsql_tmp/*');

	return scalar @files;
}

# Rows are sent in no time. So each trainer that appears is stopped, and goes on unless
# rows are what it waits for: the first one only tries the parameters. It must have begun
# its program: until then the server's process waits for it and can do nothing else.
sub stop_while_sending
{
	my ($pid) = @_;
	my $end = time + $PostgreSQL::Test::Utils::timeout_default;
	my %seen;

	while (time < $end)
	{
		foreach my $child (grep { !$seen{$_} } children($pid))
		{
			my $program = eval { slurp_file("/proc/$child/comm") } // '';

			next if $program !~ /^company_risk_tr/;
			$seen{$child} = 1;
			kill 'STOP', $child;
			return 1 if $node->safe_psql('postgres', phase_query($pid, 'sending rows')) eq 't';
			kill 'CONT', $child;
		}
		usleep 500;
	}
	return 0;
}

sub phase_query
{
	my ($pid, $phase) = @_;

	return "SELECT count(*) = 1 FROM risk.training_progress WHERE pid = $pid AND phase = '$phase' "
	  . "AND (phase <> 'training' OR round > 0)";
}

sub wait_for_phase
{
	my ($pid, $phase) = @_;

	return stop_while_sending($pid) if $phase eq 'sending rows';
	return $node->poll_query_until('postgres', phase_query($pid, $phase));
}

# Nothing of it is there: no version, record, report, process or file.
sub nothing_is_left
{
	my ($pid, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $left = $node->safe_psql('postgres',
		"SELECT (SELECT count(*) FROM risk.models WHERE name = 'gone'), "
		  . "(SELECT count(*) FROM risk.trainings WHERE name = 'gone'), "
		  . "(SELECT count(*) FROM risk.model_events WHERE name = 'gone'), "
		  . "(SELECT count(*) FROM risk.training_progress WHERE pid = $pid)");
	is(join('|', $left, -e "/proc/$pid" ? scalar children($pid) : 0, temporary_files()), '0|0|0|0|0|0', $title);
	return;
}

$node->safe_psql('postgres', q{
	CREATE ROLE analyst; CREATE ROLE watcher IN ROLE pg_read_all_stats;
	CREATE VIEW many AS SELECT f.debt, f.staff, f.age, f.debt * 2 AS a, f.age * 3 AS b, f.y, f.id
	FROM firm f, generate_series(1, 100)});
my $endless = q{SELECT risk.train_model('gone', 'SELECT * FROM firm', 'y',
	features => '{debt,staff,age,form}', rounds => 1000000)};
my $talking = new_session();
my $quiet = new_session();
my $begun = time;
$quiet->query_safe('SET client_min_messages = warning');
start($talking, $endless);
start($quiet, $endless);
my $pid = $talking->{server_pid};
ok(wait_for_phase($pid, 'training'), 'another session sees the training');
is( $node->safe_psql(
		'postgres', qq{
		SELECT database, role = current_user, model, fold, folds, rounds, metric, validation_metric > 0,
			started_at < now(), estimated_end_at > now()
		FROM risk.training_progress WHERE pid = $pid}),
	'postgres|t|gone|||1000000|logloss|t|t|t', 'what it sees');
my $round = $node->safe_psql('postgres', "SELECT round FROM risk.training_progress WHERE pid = $pid");
ok( $node->poll_query_until('postgres', "SELECT round > $round FROM risk.training_progress WHERE pid = $pid"),
	'rounds go on');
is($node->safe_psql('postgres', 'SELECT count(*) FROM risk.training_progress'), 2, 'there are two');
is( $node->safe_psql(
		'postgres', q{
		SET lock_timeout = '10s';
		SELECT risk.train_model('meanwhile', 'SELECT debt, y FROM firm', 'y', rounds => 1)}),
	'meanwhile@1', 'the registry can be changed while they train');
is($node->safe_psql('postgres', 'SET ROLE analyst; SELECT count(*) FROM risk.training_progress'),
	0, 'a stranger sees neither');
is($node->safe_psql('postgres', 'SET ROLE watcher; SELECT count(*) FROM risk.training_progress'),
	2, 'a member of pg_read_all_stats sees both');
usleep(200_000) while time - $begun < 11.5;
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM risk.training_progress');
$talking->query('SELECT 1');
$quiet->query('SELECT 1');
like($talking->{stderr}, qr/INFO:  model "gone": training: round \d+ of 1000000, validation logloss \d+\.\d+/,
	'lines for the client');
like($talking->{stderr}, qr/canceling statement/, 'cancelled');
unlike($quiet->{stderr}, qr/INFO/, 'none for a client that wants warnings only');
nothing_is_left($pid, 'cancelled: nothing is left');

# from a database of another encoding, whose letters this one may not have
$node->safe_psql('postgres', q{CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
$node->safe_psql('latin', q{
	CREATE EXTENSION company_risk;
	CREATE TABLE firm AS SELECT i AS debt, 'caf' || chr(224 + i % 3) AS form, i % 3 = 0 AS y
	FROM generate_series(1, 300) i});
my $latin = new_session('latin');
start($latin, q{SELECT risk.train_model('mod' || chr(232) || 'le', 'TABLE firm', 'y', rounds => 1000000)});
ok(wait_for_phase($latin->{server_pid}, 'training'), 'a training in LATIN1 is seen');
is($node->safe_psql('postgres', 'SELECT database, model, upper(model) FROM risk.training_progress'),
	'latin|mod?le|MOD?LE', 'as UTF-8');
is($node->safe_psql('latin', q{SELECT model = 'mod' || chr(232) || 'le' FROM risk.training_progress}),
	't', 'and as it is');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM risk.training_progress');
$latin->query('SELECT 1');
$latin->query('SET client_min_messages = warning');
$latin->{stderr} = '';
is( $latin->query_safe(q{SELECT risk.train_model('mod' || chr(232) || 'le', 'TABLE firm', 'y', rounds => 3)
		= 'mod' || chr(232) || 'le@1'}),
	't', 'trained there');
is( $latin->query_safe(
		q{SELECT EXISTS (SELECT FROM unnest(categories) c WHERE c LIKE '%caf' || chr(225) || '%')
			FROM risk.model_features WHERE feature = 'form'}),
	't', 'with its categories');
is($latin->query_safe(q{SELECT risk.training_draw('caf' || chr(233), 5)}),
	$node->safe_psql('postgres', q{SELECT risk.training_draw('caf' || chr(233), 5)}), 'with the same draw');
$latin->quit;

# ---------- cancelled in each phase

my %phases = (
	'reading rows' => q{SELECT risk.train_model('gone', 'SELECT *, pg_sleep(0.01)::text AS pause FROM firm', 'y')},
	'sending rows' => q{SELECT risk.train_model('gone', 'TABLE many', 'y', rounds => 1)},
	'training' => $endless,
	'importing' =>
	  q{SELECT risk.train_model('gone', 'SELECT * FROM firm', 'y', rounds => 2, features => '{debt,form}')});
foreach my $phase (sort keys %phases)
{
	my $session = new_session();
	my $locker = new_session();

	# an import waits for whoever changes the registry
	$locker->query_safe('BEGIN; LOCK TABLE risk_internal.registry IN SHARE ROW EXCLUSIVE MODE')
	  if $phase eq 'importing';
	start($session, $phases{$phase});
	ok(wait_for_phase($session->{server_pid}, $phase), "it is $phase");
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($session->{server_pid})");
	$session->query('SELECT 1');
	like($session->{stderr}, qr/canceling statement due to user request/, "cancelled while $phase");
	$locker->query_safe('ROLLBACK') if $phase eq 'importing';
	nothing_is_left($session->{server_pid}, "$phase: nothing is left");
	$session->quit;
	$locker->quit;
}

# and at any time
my $session = new_session();
my %ends;
for (my $timeout = 5; $timeout < 100_000; $timeout = int($timeout * 1.35) + 1)
{
	$session->{stderr} = '';
	$session->query("SET statement_timeout = $timeout");
	$session->query(q{SELECT risk.train_model('gone',
		'SELECT f.*, f.id * 2 AS twice FROM firm f, generate_series(1, 10)', 'y',
		rounds => 10, calibration => 'sigmoid')});
	$session->query('RESET statement_timeout');
	last if $session->{stderr} !~ /statement timeout/;
	$ends{$timeout} = $node->safe_psql('postgres',
		"SELECT (SELECT count(*) FROM risk.models WHERE name = 'gone') "
		  . '+ (SELECT count(*) FROM risk.training_progress)')
	  + scalar(children($session->{server_pid})) + temporary_files();
}
ok(keys %ends > 5, 'a training was ended at ' . keys(%ends) . ' times');
is(join(' ', grep { $ends{$_} } sort keys %ends), '', 'each left nothing');
is($node->safe_psql('postgres', q{SELECT reference FROM risk.trainings WHERE name = 'gone'}),
	'gone@1', 'until one had the time');
$session->{stderr} = '';
$session->query_safe(q{SELECT risk.drop_model('gone@1')});

# a savepoint takes its report back; the session that is terminated, too
$session->query(q{BEGIN; SAVEPOINT s;
	SELECT risk.train_model('gone', 'SELECT 1 / (id - 9) AS debt, y FROM firm', 'y')});
$session->{stderr} = '';
$session->query_safe('ROLLBACK TO s');
is($session->query_safe('SELECT count(*) FROM risk.training_progress'), 0, 'the report ends with its subtransaction');
$session->query_safe('COMMIT');
start($session, $endless);
wait_for_phase($session->{server_pid}, 'training');
my ($child) = children($session->{server_pid});
$node->safe_psql('postgres', "SELECT pg_terminate_backend($session->{server_pid})");
foreach my $attempt (1 .. 100)
{
	last if !-e "/proc/$session->{server_pid}" && !-e "/proc/$child";
	usleep(50_000);
}
ok(!-e "/proc/$child", 'terminated: the trainer is gone');
is($node->safe_psql('postgres', 'SELECT count(*) FROM risk.training_progress'), 0, 'terminated: the report is gone');

# ---------- in a dump

my %kept = (
	trainings => 'SELECT t FROM risk.trainings t ORDER BY name, version',
	queries => 'SELECT risk.training_request(reference) FROM risk.trainings ORDER BY reference',
	metrics => 'SELECT m FROM risk.training_metrics m ORDER BY name, version, held_out, known_cases');
$node->safe_psql('postgres', q{SELECT risk.train_model('kept', 'SELECT * FROM firm ORDER BY id', 'y',
	features => '{debt,age}', rounds => 5)});
command_ok([ 'pg_dump', '-Fc', '-f', "$folder/dump", $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'pg_restore', '-d', $node->connstr('restored'), "$folder/dump" ], 'pg_restore');
foreach my $what (sort keys %kept)
{
	is($node->safe_psql('restored', $kept{$what}), $node->safe_psql('postgres', $kept{$what}), "restored: same $what");
}
is($node->safe_psql('restored', q{SELECT risk.retrain_model('kept@1', 'elsewhere')}),
	'kept@2', 'and trained again there');

$talking->quit;
$quiet->quit;
$node->stop;

done_testing();
