/* company_risk 1.0.0: the objects of the extension */

\echo Use "CREATE EXTENSION company_risk" to load this file. \quit

/* ----------
 * What everything else stands on: schemas, the library, callers' queries
 *
 * risk holds what a person calls or reads.  risk_internal holds what that needs:
 * the registry's tables, steps of aggregates, the functions that the planner puts
 * in place of others, and helpers.  Its functions check what they are given, and
 * those that change something are not for PUBLIC; so its USAGE is for everybody,
 * as a function that runs as its caller calls others as its caller.
 * ----------
 */
CREATE SCHEMA risk;
COMMENT ON SCHEMA risk IS 'company_risk: models, their administration, and what can be asked of them';
GRANT USAGE ON SCHEMA risk TO PUBLIC;

CREATE SCHEMA risk_internal;
COMMENT ON SCHEMA risk_internal IS 'company_risk: what the functions and views of the schema risk are made of; nobody needs to look here';
GRANT USAGE ON SCHEMA risk_internal TO PUBLIC;

-- of what a person calls in PL/pgSQL: errors do not tell of lines in it (src/base/plain_errors.c)
CREATE FUNCTION risk_internal.plpgsql_handler() RETURNS language_handler
	AS 'MODULE_PATHNAME', 'company_risk_plpgsql_handler' LANGUAGE C;
COMMENT ON FUNCTION risk_internal.plpgsql_handler() IS 'Internal: calls a function in PL/pgSQL; its errors have no context of its own';
REVOKE ALL ON FUNCTION risk_internal.plpgsql_handler() FROM PUBLIC;
CREATE FUNCTION risk_internal.plpgsql_validator(function oid) RETURNS void
	AS 'MODULE_PATHNAME', 'company_risk_plpgsql_validator' LANGUAGE C STRICT;
COMMENT ON FUNCTION risk_internal.plpgsql_validator(oid) IS 'Internal: checks a function in PL/pgSQL as it is made';
REVOKE ALL ON FUNCTION risk_internal.plpgsql_validator(oid) FROM PUBLIC;
CREATE LANGUAGE company_risk_plpgsql HANDLER risk_internal.plpgsql_handler VALIDATOR risk_internal.plpgsql_validator;
COMMENT ON LANGUAGE company_risk_plpgsql IS 'company_risk: PL/pgSQL whose errors have no context of the function''s own';

CREATE FUNCTION risk.library_version() RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_library_version' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk.library_version() IS
	'Version of the library at work; another than pg_extension.extversion asks for ALTER EXTENSION company_risk UPDATE';

CREATE FUNCTION risk_internal.feature_value(value "any") RETURNS real
	AS 'MODULE_PATHNAME', 'company_risk_feature_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.feature_value("any") IS
	'Internal: a number or a boolean as models see it, which is float4; what is beyond it is infinite';

CREATE FUNCTION risk_internal.type_may_feed(type oid, category_names boolean) RETURNS boolean
	AS 'MODULE_PATHNAME', 'company_risk_type_may_feed' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.type_may_feed(oid, boolean) IS
	'Internal: whether a column of a type can feed a feature of category names, or any other feature';

CREATE FUNCTION risk_internal.label_value(value "any") RETURNS boolean
	AS 'MODULE_PATHNAME', 'company_risk_label_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.label_value("any") IS
	'Internal: a label, which is a boolean, or a number that is 0 or 1, as trainings read it';

/*
 * The caller's query runs with the caller's rights and search_path: the functions on
 * its way have no SET clause, and do nothing but call others, which have one.
 */
CREATE FUNCTION risk_internal.query_columns(query text, OUT names text[], OUT types oid[])
	AS 'MODULE_PATHNAME', 'company_risk_query_columns' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION risk_internal.query_columns(text) IS
	'Internal: names and base types of the columns of a query, which must be one SELECT and is not run';

CREATE FUNCTION risk_internal.query_source(query text, needed name[] DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_query_source' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION risk_internal.query_source(text, name[]) IS
	'Internal: a query, checked to be one SELECT and to have the columns needed, as what stands in FROM; the alias is company_risk_row where its rows are scored';
