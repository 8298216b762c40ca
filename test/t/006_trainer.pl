
# The process that needs libxgboost: whatever becomes of it, of the statement or of
# the client, no process stays, nothing leaks, and the server goes on.  And by
# itself: what it trains, what it refuses, and nonsense that it is sent.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CompanyRiskTest;
use Digest::SHA qw(sha256_hex);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);
use TrainerProgram;

if ($^O ne 'linux')
{
	plan skip_all => 'looks into /proc';
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->start;
my $program;
$node->safe_psql('postgres', 'CREATE EXTENSION company_risk');
import_model($node, 'postgres', 'tiny', tiny_model(0.5));
import_model($node, 'postgres', 'large', large_model(1));

# Work for some minutes, unless it is ended
my $long = q{SELECT * FROM risk.verify_model('large@1', rows => 10000000)};

sub new_session
{
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->{server_pid} = $session->query_safe('SELECT pg_backend_pid()');
	# what the first use of everything opens
	$session->query_safe(q{SELECT risk.verify_model('tiny@1', rows => 10)});
	return $session;
}

sub children
{
	my ($pid) = @_;

	return split ' ', slurp_file("/proc/$pid/task/$pid/children");
}

# Neither a process nor a zombie; it may take a moment to be gone.
sub is_gone
{
	my ($pid, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	foreach my $attempt (1 .. 100)
	{
		last if !-e "/proc/$pid";
		usleep(50_000);
	}
	ok(!-e "/proc/$pid", $title);
	return;
}

sub descriptors
{
	my ($pid) = @_;
	my @open = glob("/proc/$pid/fd/*");

	return scalar @open;
}

sub contexts
{
	my ($session) = @_;

	return $session->query_safe('SELECT count(*), sum(total_bytes) FROM pg_backend_memory_contexts '
		  . q{WHERE name NOT LIKE '%Cache%' AND name NOT IN ('index info', 'relation rules', 'CachedPlan')});
}

# The trainer of a session, once it is at work
sub trainer_of
{
	my ($pid) = @_;

	foreach my $attempt (1 .. 600)
	{
		my ($child) = children($pid);
		return $child if defined $child && -s "/proc/$child/cmdline"
		  && slurp_file("/proc/$child/maps") =~ /xgboost/ && -e "/proc/$child/fd/3" && !-e "/proc/$child/fd/4"
		  && slurp_file("/proc/$child/io") =~ /^rchar: (\d+)/m && $1 > 2_000_000;
		usleep(50_000);
	}
	die 'no trainer at work';
}

# Sends a statement, waits for its trainer, does something, and returns what the
# statement answered as an error.
sub during
{
	my ($session, $sql, $action) = @_;

	$session->{stderr} = '';
	$session->{stdin} .= "$sql;\n";
	$session->{run}->pump_nb;
	my $child = trainer_of($session->{server_pid});
	$action->($child);
	return $child;
}

my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
my $session = new_session();
my $pid = $session->{server_pid};
my $open_before = descriptors($pid);
$session->query_safe(q{SELECT risk.verify_model('tiny@1', rows => 10)});
my $memory_before = contexts($session);

# ---------- what kind of process it is

my $child = during($session, $long, sub {
	my ($child) = @_;

	$program = readlink "/proc/$child/exe";
	like($program, qr{/company_risk_trainer$}, 'a program of its own');
	ok(-e dirname_of($program) . '/company_risk.so', 'beside the library');
	is(slurp_file("/proc/$child/environ"), "LC_ALL=C\0OMP_DYNAMIC=false\0", 'it has no environment but what it needs');
	my %links = map { (split '/')[-1] => readlink $_ } glob("/proc/$child/fd/*");
	is(join(' ', sort keys %links), '0 1 2 3', 'and no descriptor but its own');
	is(scalar(grep { !/^pipe:/ } values %links), 0, 'which are pipes');
	my $status = slurp_file("/proc/$child/status");
	like($status, qr/^SigBlk:\s+0+$/m, 'no signal is blocked');
	like($status, qr/^SigIgn:\s+0+$/m, 'and none ignored');
	like($status, qr/^NoNewPrivs:\s+1$/m, 'it can gain no privileges');
	is((split ' ', slurp_file("/proc/$child/stat"))[18], 10, 'it has a lower priority');
	is(slurp_file("/proc/$child/oom_score_adj") + 0, 1000, 'it is what an out-of-memory killer takes first');
	my $limits = slurp_file("/proc/$child/limits");
	like($limits, qr/^Max data size\s+4294967296 /m, 'its memory is limited');
	like($limits, qr/^Max core file size\s+0 /m, 'it leaves no core file');
	like($limits, qr/^Max file size\s+0 /m, 'it writes no file');
	like($limits, qr/^Max open files\s+4 /m, 'and opens none');
	unlike(process_maps($pid), qr/xgboost|libgomp/, 'the session maps no libxgboost meanwhile');
	my @threads = glob("/proc/$pid/task/*");
	is(scalar @threads, 1, 'and has one thread');
	is((split ' ', slurp_file("/proc/$child/stat"))[4], $child, 'it has a process group of its own');
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
});

sub dirname_of { return $_[0] =~ s{/[^/]*$}{}r; }

# ---------- ends

# After each: the error, no process, no descriptor, no memory
sub ended
{
	my ($child, $expected, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $begun = time;
	is($session->query('SELECT 1'), '1', "$title: the session goes on");
	like($session->{stderr}, $expected, "$title: the error");
	$session->{stderr} = '';
	cmp_ok(time - $begun, '<', 20, "$title: at once");
	is_gone($child, "$title: the process is gone");
	is(join(' ', children($pid)), '', "$title: no zombie");
	is(descriptors($pid), $open_before, "$title: no descriptor stays open");
	return;
}

ended($child, qr/canceling statement due to user request/, 'cancelled');

$child = during($session, $long, sub { kill 'KILL', $_[0]; });
ended($child, qr/terminated by signal 9: Killed.*DETAIL:.*out of memory.*HINT:.*trainer_memory_limit/s, 'SIGKILL');

$child = during($session, $long, sub { kill 'SEGV', $_[0]; });
ended($child, qr/terminated by signal 11: Segmentation fault/, 'SIGSEGV');

$child = during($session, $long, sub { kill 'TERM', $_[0]; });
ended($child, qr/terminated by signal 15: Terminated/, 'SIGTERM');

$child = during($session, "SET statement_timeout = '3s'; $long", sub { kill 'STOP', $_[0]; });
ended($child, qr/canceling statement due to statement timeout/, 'hanging, with a timeout');
$session->query_safe('RESET statement_timeout');

$child = during($session, $long, sub { kill 'STOP', $_[0]; usleep(300_000);
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)"); });
ended($child, qr/canceling statement due to user request/, 'hanging, cancelled');

# inside a subtransaction that goes on
$session->{stderr} = '';
$child = during($session, qq{DO \$\$ BEGIN BEGIN PERFORM FROM risk.verify_model('large\@1', rows => 10000000);
	EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'caught %', SQLSTATE; END;
	PERFORM FROM risk.verify_model('tiny\@1', rows => 10); END \$\$}, sub { kill 'SEGV', $_[0]; });
ended($child, qr/NOTICE:  caught 38000\s*$/, 'caught');

# with an error of the backend's own, while the process waits
$session->query(q{SELECT risk.verify_model('tiny@1', sample => 'SELECT 1 / (n - 500) AS x, n AS y FROM generate_series(1, 1000) n')});
ended($child, qr/division by zero/, 'error in the sample');

is(contexts($session), $memory_before, 'no memory stays allocated');
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server was never restarted');

# terminated, and the client gone
$child = during($session, $long, sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 10000)"); });
is_gone($child, 'terminated: the process is gone');
is_gone($pid, 'terminated: so is the session');
end_of_session($session);

$session = new_session();
$pid = $session->{server_pid};
$child = during($session, "SET client_connection_check_interval = '100ms'; $long", sub { $session->{run}->kill_kill; });
is_gone($pid, 'client gone: the session ends');
is_gone($child, 'client gone: so does the process');
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server was never restarted');

# memory
my ($status, $output, $errors) = $node->psql('postgres',
	q{SET company_risk.trainer_memory_limit = '1MB'; SELECT risk.verify_model('large@1')});
like($errors, qr/ERROR/, 'a limit of 1 MB is too low');
($status, $output, $errors) = $node->psql('postgres', q{SET ROLE pg_read_all_data; SET company_risk.trainer_memory_limit = '1MB'});
like($errors, qr/permission denied to set parameter/, 'the limit is for superusers');

# the backend killed: PostgreSQL restarts everybody, and the process must not stay
$session = new_session();
$child = during($session, $long, sub { kill 'KILL', $session->{server_pid}; });
is_gone($child, 'backend killed: the process is gone');
end_of_session($session);
$node->poll_query_until('postgres', 'SELECT true');

# ---------- without the program

{
	my $hidden = "$program.hidden";
	rename $program, $hidden or die "rename: $!";
	($status, $output, $errors) = $node->psql('postgres', q{SELECT risk.verify_model('tiny@1')});
	rename $hidden, $program or die "rename: $!";
	like($errors, qr/could not start trainer process ".*": No such file.*HINT:.*with_xgboost=no/s, 'not installed: a hint');
}
$node->stop;

# ---------- the program by itself: nonsense

sub run_program { return TrainerProgram->start($program, @_); }

{
	my $trainer = run_program();
	my $version = $trainer->{version};
	note("libxgboost $version");
	my ($status, $errors) = $trainer->finish;
	is("$status $errors", '0 ', 'it ends when its input does');
}
{
	my $trainer = run_program(silent => 1, parent => 1);
	is(($trainer->finish)[0] >> 8, 1, 'it ends when its parent is not who it should be');
}

# no conversation may crash it, make it hang, or make it allocate what it is told
my @answers;
my $task = pack('l6', 5, 0, 0, 0, 1, 0);
my $rows = TrainerProgram::rows_payload(1, map { [ 0, $_ % 2, 1, $_ ] } 1 .. 10);
my $nan = unpack('f', pack('L', 0x7fc00000));
my @nonsense = (
	[ 'nothing but a task' => [ train => $task ] ],
	[ 'an unknown frame' => [ raw => pack('LCx3', 0, 200) ] ],
	[ 'a frame of 4 GB' => [ raw => pack('LCx3', 0xffffffff, ord 't') ] ],
	[ 'a frame just too long' => [ raw => pack('LCx3', (16 << 20) + 1, ord 't') ] ],
	[ 'a header with dirt' => [ raw => pack('LCC3', 0, ord 'g', 1, 2, 3) ] ],
	[ 'half a frame' => [ raw => pack('LCx3', 100, ord 't') . 'x' x 50 ] ],
	[ 'half a header' => [ raw => 'abc' ] ],
	[ 'a second greeting' => [ hello => pack('L2l4', $TrainerProgram::MAGIC, 1, 0, 0, 0, 1) ] ],
	[ 'rows without a task' => [ rows => $rows ] ],
	[ 'run without a task' => [ run => '' ] ],
	[ 'a short task' => [ train => substr($task, 1) ] ],
	[ 'no rounds' => [ train => pack('l6', 0, 0, 0, 0, 1, 0) ] ],
	[ 'a negative number of features' => [ train => pack('l6', 5, 0, 0, 0, -1, 0) ] ],
	[ 'too many features' => [ train => pack('l6', 5, 0, 0, 0, 1 << 30, 0) ] ],
	[ 'one fold' => [ train => pack('l6', 5, 0, 1, 0, 1, 0) ] ],
	[ 'a thousand folds' => [ train => pack('l6', 5, 0, 1000, 0, 1, 0) ] ],
	[ 'a parameter without end' => [ train => $task ], [ parameter => "eta\0x" ] ],
	[ 'a parameter without value' => [ train => $task ], [ parameter => "eta\0" ] ],
	[ 'an empty parameter' => [ train => $task ], [ parameter => '' ] ],
	[ 'an empty feature' => [ train => $task ], [ feature => '' ] ],
	[ 'an unknown type' => [ train => $task ], [ feature => "zx\0" ] ],
	[ 'categories of nothing' => [ train => $task ], [ categories => "a\0" ] ],
	[ 'categories of a number' => [ train => $task ], [ feature => "qx\0" ], [ categories => "a\0" ] ],
	[ 'two features instead of one' => [ train => $task ], [ feature => "qx\0" ], [ feature => "qy\0" ] ],
	[ 'no feature' => [ train => $task ], [ rows => $rows ] ],
	[ 'empty rows' => [ train => $task ], [ feature => "qx\0" ], [ rows => '' ] ],
	[ 'rows of other features' => [ train => $task ], [ feature => "qx\0" ], [ rows => pack('L2', 10, 2) . 'x' x 200 ] ],
	[ 'rows that are too short' => [ train => $task ], [ feature => "qx\0" ], [ rows => substr($rows, 0, -1) ] ],
	[ 'four billion rows' => [ train => $task ], [ feature => "qx\0" ], [ rows => pack('L2', 0xffffffff, 1) . 'x' x 200 ] ],
	[ 'an unknown role' => [ train => $task ], [ feature => "qx\0" ],
		[ rows => TrainerProgram::rows_payload(1, [ 3, 1, 1, 1 ]) ] ],
	[ 'a fold without folds' => [ train => $task ], [ feature => "qx\0" ],
		[ rows => TrainerProgram::rows_payload(1, [ 16, 1, 1, 1 ]) ] ],
	[ 'a parameter after rows' => [ train => $task ], [ feature => "qx\0" ], [ rows => $rows ], [ parameter => "eta\0001\0" ] ],
	[ 'a model that is none' => [ verify => pack('l2', 0, 0) ], [ model => 'x' x 1000 ], [ run => '' ] ],
	[ 'no model' => [ verify => pack('l2', 0, 0) ], [ run => '' ] ],
	[ 'negative rounds' => [ verify => pack('l2', -1, 0) ] ],
	[ 'binary nonsense' => [ convert => '' ], [ model => 'binf' . "\xff" x 400 ], [ run => '' ] ],
	[ 'a short binary model' => [ convert => '' ], [ model => 'binf' ], [ run => '' ] ]);
foreach my $case (@nonsense)
{
	my ($title, @frames) = @$case;
	my $trainer = run_program(memory => 1024);

	foreach my $frame (@frames)
	{
		my ($kind, $payload) = @$frame;
		$kind eq 'raw' ? $trainer->raw($payload) : $trainer->send($kind, $payload);
	}
	my ($status, $errors) = $trainer->finish;
	# ended by itself: with an error frame, or because there was nothing more to come
	ok(($status & 127) == 0 || $title =~ /^(a model that is none|binary nonsense|a short binary)/, "$title: no crash");
	push @answers, $title if $trainer->{buffer} eq '' && $title !~ /^(nothing but|half)/;
}
is("@answers", '', 'nonsense is answered with an error frame');

# random frames, and random damage to a good conversation
{
	my $crashes = 0;
	my $state = 1;
	my $random = sub { $state = ($state * 1103515245 + 12345) % 2147483648; return ($state >> 8) % $_[0]; };
	my $good = '';
	foreach my $frame ([ train => $task ], [ parameter => "objective\0binary:logistic\0" ], [ feature => "cx\0" ],
		[ categories => "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0" ], [ rows => $rows ], [ run => '' ])
	{
		$good .= pack('LCx3', length $frame->[1], ord $TrainerProgram::KIND{ $frame->[0] }) . $frame->[1];
	}
	foreach my $round (1 .. 150)
	{
		my $trainer = run_program(memory => 1024);
		my $bytes = $good;

		if ($round % 3 == 0)
		{
			$bytes = join '', map { pack('LCx3', 8, ord((values %TrainerProgram::KIND)[ $random->(15) ]))
				  . join '', map { chr $random->(256) } 1 .. 8 } 1 .. 5;
		}
		else
		{
			substr($bytes, $random->(length $bytes), 1) = chr $random->(256) for 0 .. $random->(4);
		}
		$trainer->raw($bytes);
		my ($status) = $trainer->finish;
		$crashes++ if $status & 127;
	}
	is($crashes, 0, 'nor does it crash over damaged frames');
}

# ---------- what it trains

my @numeric = map { [ 'q', "x$_" ] } 0 .. 4;
my @categorical = map { [ $_ == 3 ? 'c' : 'q', "x$_" ] } 0 .. 4;
my @squared = (objective => 'reg:squarederror');
my %case = (
	plain => { task => { rounds => 8 }, parameters => [ @squared, max_depth => 4, tree_method => 'hist' ] },
	weighted => { task => { rounds => 6 }, weighted => 1,
		parameters => [ @squared, max_depth => 3, tree_method => 'approx', eta => 0.5, subsample => 0.5, seed => 7 ] },
	categorical => { task => { rounds => 6 }, features => \@categorical,
		parameters => [ @squared, max_depth => 4, tree_method => 'hist', max_cat_to_onehot => 1 ] },
	stopped => { task => { rounds => 50, stop => 4 }, validation => 1,
		parameters => [ @squared, max_depth => 6, tree_method => 'hist', eta => 1.0, eval_metric => 'rmse' ] },
	dart => { task => { rounds => 6 }, parameters => [ @squared, booster => 'dart', max_depth => 3,
			tree_method => 'hist', rate_drop => 0.5, seed => 3 ] });
# SHA-256 of the models that Python's XGBoost trains: trainer_golden.py
my %golden = (
	GOLDEN_DIGESTS
);

sub train
{
	my (%given) = @_;
	my @rows = TrainerProgram::rows($given{count} // 3000, $given{validation});

	@rows = map { [ @$_[ 0, 1 ], $given{weighted} ? $_->[2] : 1, @$_[ 3 .. 7 ] ] } @rows;
	$given{edit}->(\@rows) if $given{edit};
	my $trainer = run_program(threads => $given{threads} // 1, memory => $given{memory} // 2048);
	my $result = $trainer->train(
		task => $given{task}, parameters => $given{parameters} // \@squared,
		features => $given{features} // \@numeric, rows => \@rows);

	$result->{version} = $trainer->{version};
	($result->{status}, $result->{stderr}) = $trainer->finish;
	return $result;
}

my %model;
foreach my $name (sort keys %case)
{
	my $result = train(%{ $case{$name} });

	is($result->{error} ? "@{ $result->{error} }" : '', '', "$name: trained");
	is($result->{status}, 0, "$name: and ended well");
	$model{$name} = $result->{model};
	is(sha256_hex(train(%{ $case{$name} })->{model}), sha256_hex($result->{model}), "$name: twice the same bytes");
	my $expected = $golden{ $result->{version} };
  SKIP:
	{
		skip "no golden digests for XGBoost $result->{version}", 1 if !$expected;
		is(sha256_hex($result->{model}), $expected->{$name}, "$name: the bytes that Python's XGBoost $result->{version} makes");
	}
}

done_testing();
