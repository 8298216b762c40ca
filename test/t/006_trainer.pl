
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
import_model($node, 'postgres', 'tiny', decimals(tiny_model(0.5)));
import_model($node, 'postgres', 'large', decimals(large_model(1)));

# libxgboost reads no whole number where it wants a decimal one.
sub decimals
{
	my ($model) = @_;

	$model =~ s/("(?:base_weights|loss_changes|sum_hessian|split_conditions)":\[)([^\]]*)/
	  $1 . join(',', map { m{[.e]}i ? $_ : "$_.0" } split(m{,}, $2))/gex;
	return $model;
}

# Work for some minutes, unless it is ended
my $long = q{SELECT * FROM risk.verify_model('large@1', rows => 10000000)};

sub new_session
{
	my $session = background_session($node, 'postgres', on_error_stop => 0);

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

# Pipes and the like; files come and go by the server's own rules.
sub descriptors
{
	my ($pid) = @_;

	return join ' ', sort grep { defined && !m{^/} } map { readlink } glob("/proc/$pid/fd/*");
}

sub contexts
{
	my ($session) = @_;

	return $session->query_safe('SELECT count(*) FROM pg_backend_memory_contexts '
		  . q{WHERE name NOT LIKE '%Cache%' AND name NOT IN ('index info', 'relation rules', 'CachedPlan')});
}

# The trainer of a session, once it is at work
sub trainer_of
{
	my ($pid) = @_;

	foreach my $attempt (1 .. 600)
	{
		my ($child) = children($pid);
		return $child if defined $child
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
$session->query_safe('SET company_risk.trainer_threads = 4');
my $memory_before = contexts($session);

# ---------- what kind of process it is

my $child = during($session, $long, sub {
	my ($child) = @_;

	$program = readlink "/proc/$child/exe";
	like($program, qr{/company_risk_trainer$}, 'a program of its own');
	ok(-e dirname_of($program) . '/company_risk.so', 'beside the library');
	is(slurp_file("/proc/$child/environ"), "LC_ALL=C\0OMP_DYNAMIC=false\0OMP_THREAD_LIMIT=1\0",
		'it has no environment but what it needs');
	my %links = map { (split '/')[-1] => readlink $_ } glob("/proc/$child/fd/*");
	is(join(' ', sort keys %links), '0 1 2 3', 'and no descriptor but its own');
	is(scalar(grep { !/^pipe:/ } values %links), 0, 'which are pipes');
	my $status = slurp_file("/proc/$child/status");
	like($status, qr/^SigBlk:\s+0+$/m, 'no signal is blocked');
	# but for those that the C library keeps for itself, 32 and 33
	is(($status =~ /^SigIgn:\s+(\S+)$/m && hex($1)) & ~0x180000000, 0, 'and none ignored');
	like($status, qr/^NoNewPrivs:\s+1$/m, 'it can gain no privileges');
	# 19 is the lowest there is, for tests that run with a lower one themselves
	my $own = (split ' ', slurp_file('/proc/self/stat'))[18];
	is((split ' ', slurp_file("/proc/$child/stat"))[18], $own + 10 > 19 ? 19 : $own + 10, 'it has a lower priority');
	is(slurp_file("/proc/$child/oom_score_adj") + 0, 1000, 'it is what an out-of-memory killer takes first');
	my $limits = slurp_file("/proc/$child/limits");
	like($limits, qr/^Max data size\s+8589934592 /m, 'its memory is limited');
	like($limits, qr/^Max core file size\s+0 /m, 'it leaves no core file');
	like($limits, qr/^Max file size\s+0 /m, 'it writes no file');
	like($limits, qr/^Max open files\s+4 /m, 'and opens none');
	unlike(process_maps($pid), qr/xgboost|libgomp/, 'the session maps no libxgboost meanwhile');
	my @threads = glob("/proc/$pid/task/*");
	is(scalar @threads, 1, 'and has one thread');
	is((split ' ', slurp_file("/proc/$child/stat"))[4], $child, 'it has a process group of its own');
	# some blocks of rows have been answered
	foreach my $attempt (1 .. 600)
	{
		last if slurp_file("/proc/$child/io") =~ /^wchar: (\d+)/m && $1 > 500_000;
		usleep(50_000);
	}
	@threads = glob("/proc/$child/task/*");
	is(scalar @threads, 2, 'one thread verifies, however many may train, and one watches');
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
$session->query(q{SELECT risk.verify_model('tiny@1',
	query => 'SELECT 1 / (n - 500) AS x, n AS y FROM generate_series(1, 1000) n')});
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
$child = during($session, "SET client_connection_check_interval = '100ms'; $long",
	sub { $session->{run}->kill_kill; });
is_gone($pid, 'client gone: the session ends');
is_gone($child, 'client gone: so does the process');
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server was never restarted');

# memory
my ($status, $output, $errors) = $node->psql('postgres',
	q{SET company_risk.trainer_memory_limit = '1MB'; SELECT risk.verify_model('large@1')});
like($errors, qr/ERROR/, 'a limit of 1 MB is too low');
($status, $output, $errors) = $node->psql('postgres',
	q{SELECT risk.library_version(); SET ROLE pg_read_all_data; SET company_risk.trainer_memory_limit = '1MB'});
like($errors, qr/permission denied to set parameter/, 'the limit is for superusers');

# the backend killed: PostgreSQL restarts everybody, and the process must not stay
$session = new_session();
$child = during($session, $long, sub { kill 'KILL', $session->{server_pid}; });
is_gone($child, 'backend killed: the process is gone');
end_of_session($session);
$node->poll_query_until('postgres', 'SELECT true');

# ---------- without the program, and with another one

{
	my $hidden = "$program.hidden";
	my $count = q{SELECT count(*) FROM pg_ls_dir('/proc/self/fd');};
	my $fails = q{DO $$ BEGIN PERFORM risk.verify_model('tiny@1'); RAISE 'it is there';
		EXCEPTION WHEN undefined_file THEN NULL; END $$;};

	rename $program, $hidden or die "rename: $!";
	($status, $output, $errors) = $node->psql('postgres', q{SELECT risk.verify_model('tiny@1')});
	like($errors, qr/could not start trainer process ".*": No such file.*HINT:.*with_xgboost=no/s,
		'not installed: a hint');
	my @counts = split /\n/, $node->safe_psql('postgres', "$fails $count $fails $fails $fails $count");
	is($counts[1], $counts[0], 'not installed: no descriptor stays open');

	# takes part of a model only, and says why behind a frame that nobody asked for
	append_to_file($program,
		"#!$^X\n" . sprintf(<<'PROGRAM', $TrainerProgram::MAGIC, $TrainerProgram::VERSION_OF_PROTOCOL));
sysread STDIN, my $hello, 32;
syswrite STDOUT, pack 'LCx3L2l4', 24, ord 'h', %d, %d, 9, 9, 9, 1;
sysread STDIN, my $task, 100;
close STDIN;
select undef, undef, undef, 0.5;
syswrite STDOUT, pack('LCx3a3', 3, ord 'm', 'xyz') . pack('LCx3a*', 17, ord 'e', "dthe disk is\0\0no\0");
exit 1;
PROGRAM
	chmod 0755, $program or die "chmod: $!";
	($status, $output, $errors) = $node->psql('postgres', q{SELECT risk.verify_model('large@1')});
	like($errors, qr/ERROR:  the disk is\nHINT:  no$/m, 'a reason is found behind other frames');
	rename $hidden, $program or die "rename: $!";
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
my $task = pack('l4', 5, 0, 1, 0);
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
	[ 'a second greeting' =>
		[ hello => pack('L2l4', $TrainerProgram::MAGIC, $TrainerProgram::VERSION_OF_PROTOCOL, 0, 0, 0, 1) ] ],
	[ 'rows without a task' => [ rows => $rows ] ],
	[ 'run without a task' => [ run => '' ] ],
	[ 'a short task' => [ train => substr($task, 1) ] ],
	[ 'negative early stopping' => [ train => pack('l4', 5, -1, 1, 0) ] ],
	[ 'no rounds' => [ train => pack('l4', 0, 0, 1, 0) ] ],
	[ 'a negative number of features' => [ train => pack('l4', 5, 0, -1, 0) ] ],
	[ 'too many features' => [ train => pack('l4', 5, 0, 1 << 30, 0) ] ],
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
	[ 'rows of other features' => [ train => $task ], [ feature => "qx\0" ],
		[ rows => pack('L2', 10, 2) . 'x' x 200 ] ],
	[ 'rows that are too short' => [ train => $task ], [ feature => "qx\0" ], [ rows => substr($rows, 0, -1) ] ],
	[ 'four billion rows' => [ train => $task ], [ feature => "qx\0" ],
		[ rows => pack('L2', 0xffffffff, 1) . 'x' x 200 ] ],
	[ 'an unknown role' => [ train => $task ], [ feature => "qx\0" ],
		[ rows => TrainerProgram::rows_payload(1, [ 3, 1, 1, 1 ]) ] ],
	[ 'a parameter after rows' => [ train => $task ], [ feature => "qx\0" ], [ rows => $rows ],
		[ parameter => "eta\0001\0" ] ],
	[ 'a model that is none' => [ verify => pack('lf', 0, 'NaN') ], [ model => 'x' x 1000 ], [ run => '' ] ],
	[ 'no model' => [ verify => pack('lf', 0, 'NaN') ], [ run => '' ] ],
	[ 'negative rounds' => [ verify => pack('lf', -1, 'NaN') ] ],
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
	# what makes no sense is answered while the input is still open
	my ($answer) = $title =~ /^(nothing but|half)/ ? () : $trainer->receive;
	my ($status, $errors) = $trainer->finish;
	# ended by itself: with an error frame, or because there was nothing more to come
	ok(($status & 127) == 0 || $title =~ /^(a model that is none|binary nonsense|a short binary)/, "$title: no crash");
	push @answers, $title if ($answer // '') ne 'e' && $title !~ /^(nothing but|half|binary nonsense|a short binary)/;
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
	'1.7.4' => {
		plain => 'b215e8dd8f9b6a944f08c5f326fb527d28ebc6adc5694761a6d43cc268c63e78',
		weighted => '7f00f8b283bf5dfef9d35dfdc9976d35c611f78e529cfaf711965496255cbe85',
		categorical => '59715ac6aca16a35a313e383b11b96da9258149311f40ccb6d8a26e6015db84d',
		stopped => '944cfbdb05dc7a14d2375d94306a11b4808c40b940909453b3a6d4670b88e893',
		dart => '28e3b0a6af95ad3be995060e815e4b04b9a3611db87d1a1d9aadd18d56529e5b' },
	'3.0.0' => {
		plain => '1695f598c36e7cf63b82661031a752460f7b62d87f8b40e87a6fb1319772a944',
		weighted => '351022572e845f8dff3fc5d429786d78d902dc6459679553b0a30d85916ff3f2',
		categorical => 'e440edfffc9f1fbd1cf258057fd57758575e3ca5555053e488481c72a5a62802',
		stopped => '10e6ee0de2eb91b669f7de4d3d53e5693c086af85a6c75c12eecc2798fc91554',
		dart => '6df0685b985650b658a4445f5a274acdeb0d76e474804454663078abf82cf074' },
	'3.3.0' => {
		plain => 'c468a4e63e5b6e32150a04234f7f4699da0de3243eddcae6de81f54aab970046',
		weighted => 'c696075900f77927b5e728bbac2ba58de66ab1c28eeaa70e3694ad5b61c9aae3',
		categorical => 'dfd30701f54d3b58e17f074ca722ef6301b07abd92b16d01ebe99dd9119a04ef',
		stopped => '9cdad1d8bcfd912dcd261ae21effa87e0178201c013b618dee7475565851501e',
		dart => '0c7c0eb3b16bc169e8e265feebcb9acc2ab776e8bc8054629f226b70f69db5c4' });

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
		is(sha256_hex($result->{model}), $expected->{$name},
			"$name: the bytes that Python's XGBoost $result->{version} makes");
	}
}


# ---------- rows that the model did not see

# The answers to one verify task: margins of rows, by a model's own bytes
sub margins_of
{
	my ($model, $rounds, @features) = @_;
	my $trainer = run_program();

	$trainer->send('verify', pack('lf', $rounds, 'NaN'));
	$trainer->send('model', $model);
	$trainer->send('run');
	my ($kind, $payload) = $trainer->receive;
	return "not loaded: $payload" if $kind ne 'd';
	$trainer->send('values',
		pack('L2', scalar @features, scalar @{ $features[0] }) . pack('f*', map { @$_ } @features));
	($kind, $payload) = $trainer->receive;
	return "no margins: $payload" if $kind ne 'm';
	my ($count, $groups, @margins) = unpack('L2f*', $payload);
	return join(' ', @margins);
}

# The frames of margins as a list of [role, label, weight, margins...]
sub unpack_margins
{
	my ($result) = @_;
	my @answers;

	foreach my $payload (@{ $result->{margins} })
	{
		my ($count, $groups) = unpack('L2', $payload);
		my @floats = unpack('f*', substr($payload, 8, 4 * $count * ($groups + 2)));
		my @roles = unpack('C*', substr($payload, 8 + 4 * $count * ($groups + 2)));

		die 'a frame of margins has the wrong length' if @roles != $count;
		push @answers, map { [ $roles[$_], $floats[ $count * $groups + $_ ], $floats[ $count * ($groups + 1) + $_ ],
				@floats[ $_ * $groups .. ($_ + 1) * $groups - 1 ] ] } 0 .. $count - 1;
	}
	return @answers;
}

{
	# every third row for early stopping, every seventh held out, weights that differ
	my @rows = TrainerProgram::rows(3000);
	$rows[$_][0] = $_ % 7 == 0 ? 2 : $_ % 3 == 0 ? 1 : 0 foreach 0 .. $#rows;
	my $result = train(task => { rounds => 50, stop => 4 }, weighted => 1,
		parameters => [ @squared, max_depth => 6, eta => 1.0, tree_method => 'hist' ],
		edit => sub { @{ $_[0] } = @rows });
	my @seen = grep { $_->[0] != 0 } @rows;
	my @answers = unpack_margins($result);
	my (undef, $best) = unpack('l2', $result->{done});

	is( join(' ', map { "@$_[0, 1, 2]" } @answers),
		join(' ', map { join ' ', $_->[0], unpack('f2', pack('f2', @$_[1, 2])) } @seen),
		'rows not trained on come back in their order, with label and weight');
	is(join(' ', map { $_->[3] } @answers), margins_of($result->{model}, $best + 1, map { [ @$_[ 3 .. 7 ] ] } @seen),
		'their margins are those of the best iteration');
	my @progress = map { [ unpack('l3x4qd', $_) ] } @{ $result->{progress} };
	is($progress[0][0], 0, 'progress begins with loading');
	is($progress[-1][0], 3, 'and ends with saving');
	is( (grep { $_->[0] == 1 && $_->[1] > 0 } @progress)[0][3],
		scalar(grep { $_->[0] == 0 } @rows),
		'it says how many rows there are');
	like($result->{progress}[-1], qr/rmse\0$/, 'and the metric');
}

# ---------- names of categories

{
	my @names = ('Île-de-France', 'Corse', "Bourgogne-Franche-Comt\xc3\xa9", '', 'La Réunion', 'A', 'a,"\\');
	my @features = map { [ $_ == 3 ? ('c', 'région', @names) : ('q', "x$_") ] } 0 .. 4;
	my @rows = TrainerProgram::rows(2000);
	my @parameters = (@squared, max_depth => 4, tree_method => 'hist', max_cat_to_onehot => 1);
	my $result = train(task => { rounds => 4 }, features => \@features, parameters => \@parameters, count => 2000);
	my @some = map { [ @$_[ 3 .. 7 ] ] } @rows[ 0 .. 99 ];

	unlike(margins_of($result->{model}, 0, @some), qr/not|no/, 'libxgboost still reads a model with names');
	my @bare = map { $_ == 3 ? [ 'c', 'région' ] : $features[$_] } 0 .. 4;
	my $bare = train(task => { rounds => 4 }, features => \@bare, parameters => \@parameters, count => 2000);
	is( margins_of($result->{model}, 0, @some),
		margins_of($bare->{model}, 0, @some),
		'and its margins are those without');

	# ours does, too, and answers by name
	$node->start;
	import_model($node, 'postgres', 'named', $result->{model});
	is( $node->safe_psql(
			'postgres', q{
			SELECT feature, kind, array_to_string(categories, '|') FROM risk_internal.registry_feature
			WHERE name = 'named' AND categories IS NOT NULL}),
		'région|category names|' . join('|', @names),
		'our reader finds the names, accents and all');
	is($node->safe_psql('postgres', q{SELECT verified FROM risk.verify_model('named@1', rows => 2000)}),
		't', 'and the margins agree');
	is( $node->safe_psql(
			'postgres', q{
			SELECT risk.margin('{"x0": 1, "x1": 2, "x2": 3, "région": "La Réunion", "x4": 0.5}'::jsonb, 'named@1')}),
		$node->safe_psql('postgres', q{SELECT risk.margin(ARRAY[1, 2, 3, 4, 0.5]::float8[], 'named@1')}),
		'a name is its code');
	$node->stop;
}

# ---------- what it refuses

sub refuses
{
	my ($title, $code, $pattern, %given) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $result = train(task => { rounds => 3 }, count => 300, %given);
	my ($found, @texts) = @{ $result->{error} // ['none'] };

	is($found, $code, $title) or diag("@texts $result->{stderr} $result->{status}");
	like("@texts", $pattern, "$title: the message");
	return;
}

my @binary = (parameters => [ objective => 'binary:logistic', tree_method => 'hist' ]);
sub edit_row { my ($number, $place, $value) = @_; return (edit => sub { $_[0][$number][$place] = $value; }); }
my $to_classes = sub { $_->[1] = $_->[1] > 0 ? 1 : 0 foreach @{ $_[0] } };
my ($inf, $not) = (9**9**9, -sin(9**9**9));

refuses('a label that is NaN', 'd', qr/label of row 101 is NaN/, edit_row(100, 1, $not));
refuses('an infinite label', 'd', qr/label of row 1 is infinite/, edit_row(0, 1, $inf));
refuses('a negative weight', 'd', qr/weight of row 300 is negative/, edit => sub { $_[0][299][2] = -1 });
refuses('a weight that is NaN', 'd', qr/weight of row 3 is NaN/, edit => sub { $_[0][2][2] = $not });
refuses('an infinite value', 'd', qr/feature "x4" of row 8 is infinite/, edit_row(7, 7, -$inf));
refuses('a label beyond the classes', 'd', qr/label of row \d+ is .* needs labels from 0 to 1/, @binary);
refuses('one class only', 'd', qr/all 300 rows to train on have the label 1/, @binary,
	edit => sub { $_->[1] = 1 foreach @{ $_[0] } });
refuses('no rows', 'd', qr/no rows to train on/, edit => sub { @{ $_[0] } = () });
refuses('only rows that are held out', 'd', qr/no rows to train on/, edit => sub { $_->[0] = 2 foreach @{ $_[0] } });
refuses('early stopping without rows for it', 'd', qr/no rows for early stopping/, task => { rounds => 3, stop => 2 });
refuses('a code that is no category', 'd', qr/feature "x3" of row 12 has code 7/,
	features => [ map { $_ == 3 ? [ 'c', 'x3', 'a' .. 'g' ] : $numeric[$_] } 0 .. 4 ],
	parameters => [ tree_method => 'hist' ], edit_row(11, 6, 7));
refuses('a fraction of a category', 'd', qr/feature "x3" of row 12 has code 1.5/, features => \@categorical,
	parameters => [ tree_method => 'hist' ], edit_row(11, 6, 1.5));
refuses('a class that is none', 'd', qr/needs classes 0, 1, 2/,
	parameters => [ objective => 'multi:softprob', num_class => 3 ]);
refuses('more classes than announced', 'x', qr/num_class/,
	parameters => [ objective => 'multi:softprob', num_class => 2 ],
	edit => sub { $_[0][$_][1] = $_ % 3 foreach 0 .. 299 });
refuses('an unknown parameter', 'a', qr/does not use: "?max_dept\b/, parameters => [ max_dept => 3 ]);
refuses('two unknown parameters', 'a', qr/max_dept"?, "?n_tree/,
	parameters => [ max_dept => 3, n_tree => 5, eta => 0.1 ]);
refuses('a parameter of another booster', 'a', qr/feature_selector/, parameters => [ feature_selector => 'greedy' ]);
refuses('a value that is none', 'a', qr/could not use the parameters.*(eta|learning_rate).*much/s,
	parameters => [ eta => 'much' ]);
refuses('a value out of range', 'a', qr/could not use the parameters.*max_depth/, parameters => [ max_depth => -1 ]);
refuses('an unknown objective', 'a', qr/could not use the parameters.*binary:logisitc/,
	parameters => [ objective => 'binary:logisitc' ]);
refuses('an unknown metric', 'a', qr/aucc/, parameters => [ eval_metric => 'aucc' ]);
refuses("the program's own $_", 'p', qr/parameter "$_" is the trainer's own/, parameters => [ $_ => 1 ])
  foreach qw(nthread n_jobs verbosity silent validate_parameters process_type num_feature);
refuses('categories with a booster that cannot', 'a', qr/booster gblinear/, features => \@categorical,
	parameters => [ booster => 'gblinear' ]);
refuses('categories with a tree method that cannot', 'a',
	qr/feature "x3" is categorical, which tree_method exact/,
	features => \@categorical, parameters => [ tree_method => 'exact' ]);
refuses('too much for the memory', 'm', qr/out of memory/, memory => 40, task => { rounds => 3 },
	count => 60000, parameters => [ tree_method => 'hist' ]);

# and what it does not
{
	my $result = train(task => { rounds => 3 }, count => 300, @binary,
		edit => sub { $to_classes->($_[0]); $_->[4] = 5, $_->[5] = 'NaN' foreach @{ $_[0] } });
	ok($result->{model}, 'constant and missing features are no matter');
	$result = train(task => { rounds => 3 }, count => 300, threads => 4, @binary, edit => $to_classes);
	ok($result->{model}, 'nor are more threads than processors');
	my @many = map { [ $_ == 3 ? 'c' : 'q', "x$_", $_ == 3 ? map { "category $_" } 0 .. 199999 : () ] } 0 .. 4;
	$result = train(task => { rounds => 3 }, count => 3000, features => \@many,
		parameters => [ @squared, tree_method => 'hist' ],
		edit => sub { $_[0][$_][6] = ($_ * 337) % 200000 foreach 0 .. 2999 });
	ok($result->{model}, '200,000 categories are trained on') or diag("@{$result->{error} // []} $result->{stderr}");
	cmp_ok(length $result->{model}, '>', 3_000_000, 'with all their names');
}

done_testing();
