
# A streaming standby scores with the same models as its primary: to the bit, and
# following promotions in sessions that are already connected.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CompanyRiskTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$primary->start;
create_companies($primary, 'postgres', 300);
import_model($primary, 'postgres', 'model', large_model(1, 10));
$primary->safe_psql('postgres', q{SELECT risk.promote_model('model@1')});

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

sub on_primary
{
	my ($sql) = @_;

	my $result = $primary->safe_psql('postgres', $sql);
	$primary->wait_for_catchup($standby, 'replay');
	return $result;
}

# ---------- the same scores

my $one = $primary->safe_psql('postgres', company_scores());
is($standby->safe_psql('postgres', company_scores()), $one, 'standby scores as the primary, to the bit');
is( $standby->safe_psql('postgres', q{SELECT md5(risk.export_model('model'))}),
	$primary->safe_psql('postgres', q{SELECT md5(risk.export_model('model'))}),
	'and has the same bytes');
my $reasons = q{SELECT md5(string_agg(e::text, ' ' ORDER BY id, rank))
	FROM company c, explain_score(c) e WHERE id < 20};
is( $standby->safe_psql('postgres', $reasons),
	$primary->safe_psql('postgres', $reasons),
	'and the same reasons');

is( $standby->safe_psql(
		'postgres', q{
		SELECT count(*) FROM risk.cross_validate('SELECT c.*, id % 3 = 0 AS failed FROM company c', 'failed',
			folds => 2, rounds => 1)}),
	2, 'a cross-validation, which keeps nothing');

my $session = background_session($standby, 'postgres');
my $prepared = background_session($standby, 'postgres');
is($session->query_safe(company_scores()), $one, 'a session of the standby scores');
$prepared->query_safe('PREPARE scores AS ' . company_scores());
is($prepared->query_safe('EXECUTE scores'), $one, 'and one with a prepared statement') foreach (1 .. 2);
is( $session->query_safe('SELECT name, version, place, image_state, backends FROM risk.loaded_models'),
	'model|1|shared|ready|2', 'they share a copy');

# ---------- changes that are committed, and that are not

import_model($primary, 'postgres', 'model', large_model(2, 10));
import_model($primary, 'postgres', 'model', large_model(3, 10));
my $two = $primary->safe_psql('postgres', company_scores('model@2'));
my $three = $primary->safe_psql('postgres', company_scores('model@3'));
isnt($two, $one, 'another version scores otherwise');

on_primary(q{BEGIN; SELECT risk.promote_model('model@2'); ROLLBACK;});
is($session->query_safe(company_scores()), $one, 'an aborted promotion is not followed');
is($prepared->query_safe('EXECUTE scores'), $one, 'nor in a prepared statement');

my $promoter = background_session($primary, 'postgres');
$promoter->query_safe(q{BEGIN; SELECT risk.promote_model('model@2')});
# something else that is committed and replayed
on_primary('CREATE TABLE other ()');
is($session->query_safe(company_scores()), $one, 'a promotion that is not committed is not followed');
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($session->query_safe(company_scores()), $one, 'a transaction with one snapshot begins');
$promoter->query_safe('COMMIT');
$promoter->quit;
$primary->wait_for_catchup($standby, 'replay');
is($session->query_safe(company_scores()), $one, 'that transaction keeps its version');
$session->query_safe('COMMIT');
is($session->query_safe(company_scores()), $two, 'afterwards the session follows');
is($prepared->query_safe('EXECUTE scores'), $two, 'a prepared statement follows');
is($session->query_safe('SELECT risk.resolve_model()'), 'model@2', 'and says so');

on_primary(q{BEGIN; SELECT risk.promote_model('model@3'); PREPARE TRANSACTION 'promotion'});
is($session->query_safe(company_scores()), $two, 'a prepared promotion is not followed');
on_primary(q{COMMIT PREPARED 'promotion'});
is($session->query_safe(company_scores()), $three, 'once committed, it is');

on_primary(q{SELECT risk.rollback_model('model', 'a test')});
is($session->query_safe(company_scores()), $two, 'a rollback is followed');
on_primary(q{SELECT risk.set_thresholds('model', 0.5, 0.25)});
is($session->query_safe('SELECT risk.alert_level(0.3)'), 'Moderate alert', 'thresholds are followed');
on_primary(q{SELECT risk.drop_model('model@3')});
my ($exit, $out, $err) = $standby->psql('postgres', company_scores('model@3'));
like($err, qr/ERROR:  model "model\@3" does not exist/, 'a dropped version is unknown');

# ---------- nothing is written here

foreach my $change (
	q{SELECT risk.import_model('model', risk.export_model('model@2'))},
	q{SELECT risk.promote_model('model@1')},
	q{SELECT risk.rollback_model('model', 'a test')},
	q{SELECT risk.archive_model('model@1')},
	q{SELECT risk.drop_model('model@1')},
	q{SELECT risk.describe_features('model', '{"features": {"x": {"label": "X"}}}')},
	q{SELECT risk.bind_source('model', 'company', 'id')},
	q{SELECT risk.set_thresholds('model', 0.5, 0.25)})
{
	my ($function) = $change =~ /risk\.(\w+)/;

	($exit, $out, $err) =
	  $standby->psql('postgres', "\\set VERBOSITY verbose\n$change", on_error_stop => 1);
	like($err, qr/ERROR:  25006: .*(recovery|read-only)/, "$function is refused, with a clear error");
}
is($session->query_safe(company_scores()), $two, 'scores go on');
cmp_ok($session->query_safe('SELECT risk.warm_model()'), '>', 0, 'a model can be loaded ahead');

# ---------- the standby takes over

$standby->promote;
is($session->query_safe(company_scores()), $two, 'a session from before scores on');
is(import_model($standby, 'postgres', 'model', large_model(4, 10)),
	'model@4', 'a model can be imported, and the numbers count on');
$standby->safe_psql('postgres',
	q{SELECT risk.set_thresholds('model@4', 0.5, 0.25); SELECT risk.promote_model('model@4')});
my $four = $session->query_safe(company_scores());
is($four, $standby->safe_psql('postgres', company_scores('model@4')), 'and promoted');
isnt($four, $two, 'and is another one');
is($primary->safe_psql('postgres', company_scores()), $two, 'the old primary goes its own way');

$session->quit;
$prepared->quit;
$standby->stop;
$primary->stop;

done_testing();
