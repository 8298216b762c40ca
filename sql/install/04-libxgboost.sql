/* ----------
 * Models in libxgboost's eyes
 *
 * These start the trainer, a process of its own (src/libxgboost/trainer.c): libxgboost is
 * never loaded into the server.
 * ----------
 */
CREATE FUNCTION risk_internal.record_verification(model text, library_version text, rows bigint, different bigint,
	largest_difference double precision)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(record_verification.model, true);
BEGIN
	UPDATE risk_internal.registry r
	SET verified_at = now(), verified_with = record_verification.library_version,
		verified_rows = record_verification.rows, verified_different = record_verification.different
	WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'verify', NULL,
		jsonb_build_object('library_version', record_verification.library_version,
			'rows', record_verification.rows, 'different', record_verification.different,
			'largest_difference', record_verification.largest_difference::text));
END
$$;
COMMENT ON FUNCTION risk_internal.record_verification(text, text, bigint, bigint, double precision) IS
	'Internal: keeps the outcome of risk.verify_model';
REVOKE ALL ON FUNCTION risk_internal.record_verification(text, text, bigint, bigint, double precision) FROM PUBLIC;

CREATE FUNCTION risk.verify_model(
	model text DEFAULT NULL,
	query text DEFAULT NULL,
	rows integer DEFAULT 1000,
	seed bigint DEFAULT 0,
	OUT reference text,
	OUT rows_compared bigint,
	OUT different bigint,
	OUT largest_difference double precision,
	OUT library_version text,
	OUT verified boolean)
	AS 'MODULE_PATHNAME', 'company_risk_verify_model' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk.verify_model(text, text, integer, bigint) IS
	'Compares our margins with libxgboost''s, bit by bit, in a process of its own. query: one SELECT whose rows are companies, with a column for each feature by name; without one, rows are generated (as many as rows says, from seed) around the model''s thresholds. Returns how many rows were compared and how many differ, and keeps that in the registry (risk.models.verified_at and following). An error where the installed libxgboost cannot load the model';
REVOKE ALL ON FUNCTION risk.verify_model(text, text, integer, bigint) FROM PUBLIC;

CREATE FUNCTION risk_internal.is_binary_model(model_bytes bytea) RETURNS boolean
	AS 'MODULE_PATHNAME', 'company_risk_is_binary_model' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.is_binary_model(bytea) IS
	'Whether bytes look like a model in XGBoost''s old binary format (save_model to a file other than .json and .ubj, before 2.1)';

CREATE FUNCTION risk.convert_model(model_bytes bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_convert_model' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk.convert_model(bytea) IS
	'A model in XGBoost''s old binary format as JSON, by libxgboost in a process of its own; libxgboost 3.1 and later cannot read the format. risk.import_model does this by itself';
REVOKE ALL ON FUNCTION risk.convert_model(bytea) FROM PUBLIC;

/* What was asked for and what is used are one column: rounds goes in and comes out. */
CREATE FUNCTION risk.inspect_model(
	model_bytes bytea,
	INOUT rounds integer DEFAULT NULL,
	feature_names text[] DEFAULT NULL,
	missing double precision DEFAULT NULL,
	OUT format text,
	OUT bytes bigint,
	OUT digest text,
	OUT content_digest text,
	OUT xgboost_version text,
	OUT booster text,
	OUT objective text,
	OUT output_groups integer,
	OUT trees integer,
	OUT nodes bigint,
	OUT depth integer,
	OUT rounds_total integer,
	OUT image_bytes bigint,
	OUT missing_value real,
	OUT features text[],
	OUT kinds text[],
	OUT used boolean[],
	OUT categories jsonb)
	AS 'MODULE_PATHNAME', 'company_risk_inspect_model' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION risk.inspect_model(bytea, integer, text[], double precision) IS
	'Reads and checks an XGBoost model (JSON or UBJSON, 1.0 to 3.4; the old binary format is converted with libxgboost) as an import would, and says what it is; changes nothing. rounds: boosting rounds to use, and in the answer those used. feature_names, missing: as for risk.import_model';
REVOKE ALL ON FUNCTION risk.inspect_model(bytea, integer, text[], double precision) FROM PUBLIC;
