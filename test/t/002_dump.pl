
# pg_dump and pg_restore carry models: every version in every state, with its
# bytes, dictionary, thresholds, calibration, profile, bound relation and history.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CompanyRiskTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $folder = $node->basedir;

# What a user can see of the registry, and what the models answer.
my %observed = (
	'models' => 'SELECT m FROM risk.models m ORDER BY name, version',
	'features' => 'SELECT f FROM risk.model_features f ORDER BY name, version, position',
	'groups' => 'SELECT g FROM risk_internal.registry_group g ORDER BY name, version, feature_group',
	'history' => 'SELECT e FROM risk.model_events e ORDER BY name, number',
	'bytes of models' =>
	  'SELECT reference, sha256(risk.export_model(reference)), octet_length(risk.export_model(reference)) '
	  . 'FROM risk.models ORDER BY reference',
	'pieces of models' =>
	  'SELECT name, version, number, sha256(data) FROM risk_internal.registry_chunk ORDER BY name, version, number',
	'scores' => q{
		SELECT reference, array_to_string(ARRAY(
			SELECT encode(float8send(score_company(c, reference)), 'hex') FROM company c ORDER BY id), ' ')
		FROM risk.models WHERE name <> 'golden' ORDER BY reference},
	'pinned references' => q{
		SELECT risk.pin_model(reference), risk.resolve_model(risk.pin_model(reference))
		FROM risk.models ORDER BY name, version},
	'scores by key' => q{SELECT score_company('000000003', 'tiny'), score_company(3, 'tiny')},
	'levels' => q{SELECT s, risk.alert_level(s, 'tiny') FROM unnest(ARRAY[1, 5, 50]) s},
	'margins of golden models' => q{
		SELECT reference, risk.margins(array_fill(1::float8, ARRAY[feature_count]), reference)
		FROM risk.models WHERE name = 'golden' ORDER BY version},
	'calibrated scores' => q{
		SELECT reference, calibration_method, calibration,
			score_company(array_fill(1::float8, ARRAY[feature_count]), reference)
		FROM risk.models WHERE calibration IS NOT NULL ORDER BY version},
	'profiles' => 'SELECT p FROM risk.model_profiles p ORDER BY name, version, position',
	'drift' => q{SELECT d FROM risk.drift('tiny@2', 'SELECT x / 2 AS x, y FROM company') d},
	'reasons' => q{SELECT id, e FROM company c, explain_score(c, 'tiny') e WHERE id < 5 ORDER BY id, rank},
	'privileges' => q{SELECT has_function_privilege('analyst', 'risk.promote_model(text, text, boolean)', 'execute'),
		has_table_privilege('analyst', 'risk.models', 'select'),
		has_table_privilege('analyst', 'risk_internal.registry_chunk', 'select')});

sub observe
{
	my ($dbname) = @_;

	# not safe_psql: an error is an observation, too
	return map {
		my ($exit, $out, $err) = $node->psql($dbname, $observed{$_});
		$_ => $out . $err;
	} keys %observed;
}

sub is_same
{
	my ($dbname, $title, %expected) = @_;
	my %found = observe($dbname);
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok($found{$_} eq $expected{$_}, "$title: same $_")
	  or diag("expected:\n" . substr($expected{$_}, 0, 2000)
		  . "\nfound:\n" . substr($found{$_}, 0, 2000))
	  foreach sort keys %expected;
	return;
}

# ---------- a database with something of everything

$node->safe_psql('postgres', 'CREATE ROLE analyst');
$node->safe_psql('postgres', "CREATE DATABASE original TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
create_companies($node, 'original', 50);
$node->safe_psql(
	'original', q{
	ALTER TABLE company ADD COLUMN siren text, ADD COLUMN periode date DEFAULT '2024-01-01';
	UPDATE company SET siren = lpad(id::text, 9, '0');
	GRANT EXECUTE ON FUNCTION risk.promote_model(text, text, boolean) TO analyst;});

import_model($node, 'original', 'tiny', tiny_model($_)) foreach (1, 2);
$node->safe_psql(
	'original', q{
	SELECT risk.describe_features('tiny@2', '{
		"language": "fr",
		"groups": {"dettes": {"label": "Dettes sociales", "description": "Ce qui est dû"}},
		"features": {"x": {"label": "Part patronale, \"brute\"", "group": "dettes",
			"source": "Urssaf", "unit": "€", "description": "Montant\net une deuxième ligne"}}}');
	SELECT risk.bind_source('tiny@2', 'company', 'siren', 'periode');
	SELECT risk.set_thresholds('tiny@2', 10, 2);
	SELECT risk.set_alert_words('tiny@2', 'Rouge', NULL, NULL);
	SELECT risk.profile_model('tiny@2', 'SELECT x, nullif(y, 0.5) AS y FROM company');
	SELECT risk.promote_model('tiny@1', 'the first');
	SELECT risk.promote_model('tiny@2', E'better: it''s "exact"\nand \\\\ new');});
# follows the dictionary and the bound relation of its predecessor
import_model($node, 'original', 'tiny', tiny_model(3));
import_model($node, 'original', 'tiny', tiny_model(4));
$node->safe_psql('original', q{SELECT risk.drop_model('tiny@4', 'a mistake')});
my $large = large_model(3, 65);
cmp_ok(length $large, '>', 4 * 1024 * 1024, 'the large model has several pieces');
import_model($node, 'original', 'large', $large);
my @golden = sort glob("$FindBin::RealBin/../golden/"
	  . '{categorical,category-names,dart,softprob,gblinear}-xgb3.3.0/model.*');
cmp_ok(scalar @golden, '>', 5, 'golden models are there');
import_model($node, 'original', 'golden', slurp_file($_)) foreach @golden;
# the first two are of one model, in JSON and in UBJSON
$node->safe_psql(
	'original', q{
	SELECT risk.set_calibration('golden@1', '{"method": "sigmoid", "slope": 1.25, "intercept": -0.1}');
	SELECT risk.set_calibration('golden@2', '{"method": "isotonic",
		"margins": [-2.5, 0, 0.30000000000000004], "scores": [0.01, 0.2, 0.7]}')});

my %expected = observe('original');
unlike($expected{$_}, qr/ERROR/, "there are $_") foreach sort keys %expected;
is( $node->safe_psql('original', 'SELECT DISTINCT state FROM risk.models ORDER BY state'),
	"archived\ncandidate\nproduction", 'there are versions in all states');
cmp_ok($node->safe_psql('original', q{SELECT count(*) FROM risk_internal.registry_chunk WHERE name = 'large'}),
	'>', 4, 'the large model is kept in pieces');
like($expected{'calibrated scores'}, qr/sigmoid.*isotonic/s, 'there are calibrations');
like($expected{'levels'}, qr/Pas d'alerte.*F2.*Rouge/s, 'there are levels of alert');

# ---------- dumped and restored

my %dumps = (
	'custom format' => [
		[ 'pg_dump', '-Fc', '-f', "$folder/custom", $node->connstr('original') ],
		sub { return [ 'pg_restore', '--exit-on-error', '-d', $node->connstr($_[0]), "$folder/custom" ] } ],
	'directory format, in parallel' => [
		[ 'pg_dump', '-Fd', '-j2', '-f', "$folder/directory", $node->connstr('original') ],
		sub {
			return [ 'pg_restore', '--exit-on-error', '-j2', '-d', $node->connstr($_[0]), "$folder/directory" ];
		} ],
	'plain format' => [
		[ 'pg_dump', '-f', "$folder/plain.sql", $node->connstr('original') ],
		sub {
			return [ 'psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1',
				'-d', $node->connstr($_[0]), '-f', "$folder/plain.sql" ];
		} ]);

foreach my $title (sort keys %dumps)
{
	my ($dump, $restore) = @{ $dumps{$title} };

	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS restored');
	$node->safe_psql('postgres', "CREATE DATABASE restored TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
	$node->command_ok($dump, "$title: dumped");
	$node->command_ok($restore->('restored'), "$title: restored");
	is_same('restored', $title, %expected);
}

# ---------- over a database that has other models

import_model($node, 'restored', 'tiny', tiny_model(9));
import_model($node, 'restored', 'stray', tiny_model(9));
$node->safe_psql('restored', q{
	SELECT risk.set_thresholds('tiny@5', 10, 2); SELECT risk.promote_model('tiny@5'); DROP TABLE company;});
$node->command_ok(
	[ 'pg_dump', '--clean', '--if-exists', '-f', "$folder/clean.sql", $node->connstr('original') ],
	'--clean: dumped');
$node->command_ok(
	[ 'psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1',
		'-d', $node->connstr('restored'), '-f', "$folder/clean.sql" ],
	'--clean: restored over another state');
is_same('restored', '--clean', %expected);

# ---------- life goes on

is(import_model($node, 'restored', 'tiny', tiny_model(5)),
	'tiny@5', 'versions count on, the dropped one is not given again');
# what the present version has, the one before must have
$node->safe_psql(
	'restored', q{
	SELECT risk.bind_source('tiny@1', 'company', 'siren', 'periode');
	SELECT risk.set_thresholds('tiny@1', 10, 2);});
is($node->safe_psql('restored', q{SELECT risk.rollback_model('tiny', 'after the restore')}),
	'tiny@1', 'a rollback knows the history from before the dump');
is( $node->safe_psql(
		'restored', q{SELECT feature_group, label FROM risk.model_features
		WHERE name = 'tiny' AND version = 5 AND feature = 'x'}),
	'dettes|Part patronale, "brute"', 'the dictionary is handed on');
is_same('original', 'the original', %expected);

# ---------- a dump of the restored database is the same

$node->safe_psql('postgres', 'DROP DATABASE restored');
$node->safe_psql('postgres', "CREATE DATABASE restored TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
$node->command_ok($dumps{'plain format'}[1]->('restored'), 'restored once more');
$node->command_ok(
	[ 'pg_dump', '-f', "$folder/again.sql", $node->connstr('restored') ], 'dumped once more');
my ($first, $second) = map {
	my $dump = slurp_file($_);
	# releases of 2025 on put a random key into it
	$dump =~ s/^\\(un)?restrict .*\n//mg;
	$dump;
} ("$folder/plain.sql", "$folder/again.sql");
ok($first eq $second, 'a dump of what was restored from a dump is the same');

# ---------- materialized views that score over another one

$node->safe_psql('postgres', "CREATE DATABASE views TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
$node->safe_psql('views', 'CREATE EXTENSION company_risk');
import_model($node, 'views', 'tiny', tiny_model(1));
(undef, undef, my $notices) = $node->psql('views', q{
	SELECT risk.promote_model('tiny@1');
	CREATE TABLE company AS SELECT '00000000' || n AS siren, n::float8 AS x, 1.0::float8 AS y
		FROM generate_series(1, 3) n;
	CREATE MATERIALIZED VIEW z_features AS SELECT * FROM company;
	SELECT risk.bind_source('tiny', 'z_features', 'siren');
	CREATE MATERIALIZED VIEW a_by_number AS SELECT siren, score_company(siren) AS score FROM company;
	CREATE MATERIALIZED VIEW a_by_row AS SELECT siren, score_company(z) AS score FROM z_features z;});
like($notices, qr/z_features" is a materialized view/, 'binding a materialized view is noticed');
$node->safe_psql('postgres', 'DROP DATABASE restored');
$node->safe_psql('postgres', "CREATE DATABASE restored TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$folder/views", $node->connstr('views') ], 'views: dumped');
$node->run_log([ 'pg_restore', '-d', $node->connstr('restored'), "$folder/views" ]);
is($node->safe_psql('restored', 'SELECT count(score) FROM a_by_row'),
	'3', 'one that scores rows is there after a restore');
$node->safe_psql('restored', 'REFRESH MATERIALIZED VIEW a_by_number');
is($node->safe_psql('restored', 'SELECT count(*) FROM a_by_number n JOIN a_by_row USING (siren, score)'),
	'3', 'one that scores by number is, after a refresh');

$node->stop;

done_testing();
