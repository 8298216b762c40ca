
# risk.outcomes travels: as text, in binary, and in a dump it stays what it is, and
# what comes in from elsewhere is outcomes or an error, never a crash.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $folder = $node->basedir;

# What is sent and stored is the same for all machines: header, and entries in order.
my $signature = unpack('H*', 'CRO') . '01';
my $no_parameters = '00' x 16;

$node->safe_psql('postgres', q{
	CREATE EXTENSION company_risk;
	CREATE AGGREGATE state(float8, boolean, float8) (
		SFUNC = risk_internal.metric_add_parameter, STYPE = risk_internal.metric_state);
	CREATE AGGREGATE samples(float8, boolean, integer) (
		SFUNC = risk_internal.metric_add_sample, STYPE = risk_internal.metric_state);
	CREATE TABLE kept (kind text, o risk.outcomes, s risk_internal.metric_state);
	CREATE VIEW rows AS SELECT n, CASE n % 5 WHEN 0 THEN '-Infinity' WHEN 1 THEN 'Infinity' WHEN 2 THEN 0.1 * n
		ELSE 1 / n::float8 END AS score, n % 3 = 0 AS label, 1e-300 * n AS weight FROM generate_series(1, 2000) n;
	INSERT INTO kept SELECT 'few', risk.outcomes(score, label), state(score, label, -0.5) FROM rows WHERE n <= 5;
	INSERT INTO kept SELECT 'many', risk.outcomes(score, label), samples(1 / nullif(score, 'Infinity'), label, 10)
		FROM rows;
	INSERT INTO kept SELECT 'weighted', risk.outcomes(score, label, weight) FROM rows;
	INSERT INTO kept SELECT 'clustered', risk.clustered_outcomes(score, label, n::text) FROM rows;
	INSERT INTO kept SELECT 'both', risk.clustered_outcomes(score, label, (n / 7)::text, weight) FROM rows;
	INSERT INTO kept VALUES ('none', NULL, NULL), ('empty', '1 score,label,rows:', NULL);
});

my $sent = $node->safe_psql('postgres', q{
	SELECT encode(risk_internal.outcomes_send('1 score,label,rows: 0.5,t,3 -2,f,1'), 'hex')});
is($sent,
	$signature . '00000000' . '00000000' . $no_parameters
	  . 'ffffffffffffff3f' . '0200000000000000' . '000000000000e0bf' . '0700000000000000',
	'bytes are little-endian');

# ----------
# There and back
# ----------
my $same = q{SELECT count(*) FROM kept k JOIN %s c USING (kind) WHERE k *= c};
foreach my $format ('text', 'csv', 'binary')
{
	$node->safe_psql('postgres', "CREATE TABLE copied_$format (LIKE kept)");
	$node->safe_psql('postgres', "\\copy kept TO '$folder/kept.$format' (FORMAT $format)");
	$node->safe_psql('postgres', "\\copy copied_$format FROM '$folder/kept.$format' (FORMAT $format)");
	is($node->safe_psql('postgres', sprintf($same, "copied_$format")), 7, "copied as $format");
}

my $digests = q{SELECT kind, md5(o::text), md5(s::text), risk.roc_auc(o) FROM kept ORDER BY kind};
$node->safe_psql('postgres', 'DROP VIEW rows');
$node->run_log([ 'pg_dump', '-Fc', '-f', "$folder/dump", $node->connstr('postgres') ]);
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), "$folder/dump" ], 'dump restored');
is($node->safe_psql('restored', $digests), $node->safe_psql('postgres', $digests), 'restored as dumped');

# ----------
# From anywhere
# ----------

# A file that \copy reads: rows of one column with these bytes
sub binary_file
{
	my ($name, $bytes) = @_;

	open(my $file, '>:raw', "$folder/$name") or die "$folder/$name: $!";
	print $file "PGCOPY\n\xFF\r\n\0", pack('NN', 0, 0), pack('n N/a* n', 1, $bytes, 0xFFFF);
	close($file);
	return "$folder/$name";
}

# Any byte changed, any end cut off, more at the end, two entries exchanged
sub forgeries
{
	my ($bytes, $width) = @_;
	my @result;

	for my $place (0 .. length($bytes) - 1)
	{
		for my $change (1, 128, 255)
		{
			my $forged = $bytes;
			substr($forged, $place, 1) = chr((ord(substr($bytes, $place, 1)) + $change) % 256);
			push(@result, $forged);
		}
		push(@result, substr($bytes, 0, $place));
	}
	push(@result, "$bytes\0", $bytes . substr($bytes, -$width),
		substr($bytes, 0, 28) . substr($bytes, 28 + $width, $width) . substr($bytes, 28, $width));
	return @result;
}

# What is called with each value, by itself: what one refuses must not hide another
my %calls = (
	'risk.outcomes' => [
		'risk.roc_auc($1)', 'risk.calibration_error($1)', 'risk.count_outcomes($1)', 'risk.roc_curve($1)',
		'risk_internal.outcomes_combine($1, $1)' ],
	'risk_internal.metric_state' => [
		'risk_internal.precision_at_final($1)', 'risk_internal.samples_stability_index($1)',
		'risk_internal.samples_wasserstein($1)', 'risk_internal.metric_combine($1, $1)' ]);
my @kinds = (
	[ 'plain', 'risk.outcomes', '1 score,label,rows: 0.1,f,1 0.2,t,2 0.3,f,1', 16 ],
	[ 'weighted', 'risk.outcomes', '1 score,weight,label,rows: 0.1,2,f,1 0.2,0.5,t,2', 24 ],
	[ 'clustered', 'risk.outcomes',
		'1 score,cluster,label,rows: 0.1,00000000000000a1,f,1 0.2,0b00000000000000,t,2', 24 ],
	[ 'state', 'risk_internal.metric_state', '1 [0.15] score,label,rows: 0.1,f,1 0.2,t,2', 16 ],
	[ 'samples', 'risk_internal.metric_state', '1 [10] value,now,rows: 0.1,f,1 NaN,t,2', 16 ]);
foreach my $kind (@kinds)
{
	my ($name, $type, $text, $width) = @$kind;
	my $send = $type eq 'risk.outcomes' ? 'outcomes_send' : 'metric_state_send';
	my $bytes = pack('H*', $node->safe_psql('postgres', "SELECT encode(risk_internal.$send('$text'), 'hex')"));
	my @forged = forgeries($bytes, $width);
	my $script = "\\set VERBOSITY sqlstate\nCREATE TABLE forged_$name (o $type);\n";

	for my $number (0 .. $#forged)
	{
		my $file = binary_file("forged_$name.$number", $forged[$number]);
		$script .= "\\copy forged_$name FROM '$file' (FORMAT binary)\n";
	}
	my ($out, $err);
	$node->psql('postgres', $script, on_error_stop => 0, stdout => \$out, stderr => \$err);
	my @refused = $err =~ /ERROR: +(?:22P03|54000)\b/g;
	my @errors = $err =~ /ERROR:/g;
	my $loaded = $node->safe_psql('postgres', "SELECT count(*) FROM forged_$name");
	is(scalar(@errors), scalar(@refused), "$name: forged bytes are refused with one error");
	is(@refused + $loaded, scalar(@forged), "$name: or they are outcomes");
	cmp_ok(scalar(@refused), '>', @forged / 3, "$name: some are refused");
	cmp_ok($loaded, '>', 0, "$name: some are outcomes");
	# what was let in is what it says, and can be computed with
	is($node->safe_psql('postgres', "SELECT count(*) FROM forged_$name
		WHERE risk_internal.$send(o) <> risk_internal.$send(o::text::$type)"),
		0, "$name: what is let in reads back as the same");
	my $calls = join(', ', map { "\$_\$$_\$_\$" } @{ $calls{$type} });
	$node->psql(
		'postgres', "DO \$\$
			DECLARE
				forged $type;
				call text;
			BEGIN
				FOR forged, call IN SELECT f.o, c FROM forged_$name f, unnest(ARRAY[$calls]) c LOOP
					BEGIN
						EXECUTE 'SELECT ' || call USING forged;
					EXCEPTION WHEN invalid_binary_representation OR invalid_parameter_value
						OR numeric_value_out_of_range OR program_limit_exceeded THEN NULL;
					END;
				END LOOP;
			END \$\$", stderr => \$err);
	is($err, '', "$name: functions answer or refuse");
}

# ... and what is of the other type is refused, and what another version wrote
my ($out, $err);
my $state = pack('H*', $node->safe_psql('postgres', q{
	SELECT encode(risk_internal.metric_state_send('1 [0.15] score,label,rows: 0.1,f,1'), 'hex')}));
my $samples = pack('H*', $node->safe_psql('postgres', q{
	SELECT encode(risk_internal.metric_state_send('1 value,now,rows: 0.1,f,1'), 'hex')}));
my $next = pack('H*', $sent);
substr($next, 3, 1) = chr(2);
my %wrong = (
	'a state with parameters' => [ $state, qr/ERROR:  invalid outcomes/ ],
	'samples' => [ $samples, qr/ERROR:  invalid outcomes/ ],
	'another version' => [ $next, qr/ERROR:  outcomes of version 2 are not known/ ]);
foreach my $name (sort keys %wrong)
{
	my ($bytes, $error) = @{ $wrong{$name} };
	my $file = binary_file('wrong', $bytes);

	$node->psql('postgres', "\\copy forged_plain FROM '$file' (FORMAT binary)", stderr => \$err);
	like($err, $error, "$name: refused as outcomes");
}
is($node->safe_psql('postgres', 'SELECT 1'), 1, 'server is up');

$node->stop;
done_testing();
