/* To be deleted at the merge: stands for what the calibration files bring. */
CREATE FUNCTION risk.apply_calibration(margin double precision, calibration jsonb) RETURNS double precision
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m double precision[]; s double precision[];
BEGIN
	IF calibration ->> 'method' = 'sigmoid' THEN
		RETURN 1 / (1 + exp(-((calibration ->> 'slope')::double precision * margin + (calibration ->> 'intercept')::double precision)));
	END IF;
	m := ARRAY(SELECT jsonb_array_elements_text(calibration -> 'margins')::double precision);
	s := ARRAY(SELECT jsonb_array_elements_text(calibration -> 'scores')::double precision);
	IF margin <= m[1] THEN RETURN s[1]; END IF;
	FOR i IN 2 .. cardinality(m) LOOP
		IF margin <= m[i] THEN
			RETURN s[i - 1] + (s[i] - s[i - 1]) * (margin - m[i - 1]) / (m[i] - m[i - 1]);
		END IF;
	END LOOP;
	RETURN s[cardinality(s)];
END $$;
COMMENT ON FUNCTION risk.apply_calibration(double precision, jsonb) IS 'stub';
CREATE FUNCTION risk.set_calibration(model text, calibration jsonb) RETURNS text
	LANGUAGE sql VOLATILE PARALLEL UNSAFE AS 'SELECT model';
COMMENT ON FUNCTION risk.set_calibration(text, jsonb) IS 'stub';
REVOKE ALL ON FUNCTION risk.set_calibration(text, jsonb) FROM PUBLIC;
