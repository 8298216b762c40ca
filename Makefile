# company_risk: exact scores and explanations of gradient-boosted-tree models, in SQL
#
#   make, make install, make installcheck   PGXS; PG_CONFIG=... chooses the server
#   make demo                               shows it on a throwaway server
#   make test                               every test, on throwaway servers
#   make test-matrix                        make test on Debian's newer PostgreSQL versions
#   make test-newcomer                      make demo on systems that have nothing yet
#   make bench                              measures it against libxgboost; GROWTH=1 for more models
#   make dist                               the release archive
#
# The version is written in company_risk.control and derived from there.

top := $(dir $(firstword $(MAKEFILE_LIST)))
ifeq (,$(wildcard $(top)company_risk.control))
$(error make cannot take "$(strip $(MAKEFILE_LIST))", a path with a blank: give -f a relative path that has none)
endif

EXTENSION = company_risk
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(top)company_risk.control)

MODULE_big = company_risk
# The install script is its parts, in their order.
script_built = sql/company_risk--$(EXTVERSION).sql
script_parts = $(sort $(wildcard $(top)sql/install/*.sql))
DATA_built = $(script_built)
# One more for each step from a released version to the next.
DATA = $(patsubst $(top)%,%,$(wildcard $(top)sql/upgrade/*--*--*.sql))

OBJS = \
	src/company_risk.o \
	src/base/array_build.o \
	src/base/caller_query.o \
	src/base/column_value.o \
	src/base/jsonb_build.o \
	src/base/jsonb_number.o \
	src/base/messages.o \
	src/base/plain_errors.o \
	src/base/result_row.o \
	src/base/shared_struct.o \
	src/core/decimal.o \
	src/core/document_events.o \
	src/core/document_window.o \
	src/core/evaluate.o \
	src/core/explain.o \
	src/core/forest_build.o \
	src/core/forest_check.o \
	src/core/forest_image.o \
	src/core/forest_sections.o \
	src/core/forest_trees.o \
	src/core/host.o \
	src/core/json.o \
	src/core/model_attributes.o \
	src/core/model_categories.o \
	src/core/model_check.o \
	src/core/model_read.o \
	src/core/model_walk.o \
	src/core/objective.o \
	src/core/quadrature.o \
	src/core/recognise.o \
	src/core/ubjson.o \
	src/core/utf8.o \
	src/models/acquire_image.o \
	src/models/calibration.o \
	src/models/dictionary.o \
	src/models/inspect.o \
	src/models/language.o \
	src/models/loaded_models.o \
	src/models/names.o \
	src/models/owner_query.o \
	src/models/reference.o \
	src/models/registry.o \
	src/models/registry_lookup.o \
	src/models/server_host.o \
	src/models/shared_directory.o \
	src/models/shared_models.o \
	src/models/stored_bytes.o \
	src/scoring/bind_array.o \
	src/scoring/bind_object.o \
	src/scoring/bind_row.o \
	src/scoring/call.o \
	src/scoring/company_key.o \
	src/scoring/estimates.o \
	src/scoring/explain_score.o \
	src/scoring/explanation.o \
	src/scoring/importance.o \
	src/scoring/importance_state.o \
	src/scoring/keyed_call.o \
	src/scoring/lookup.o \
	src/scoring/planner_support.o \
	src/scoring/requirements.o \
	src/scoring/resolved_model.o \
	src/scoring/rewrite_rows.o \
	src/scoring/row_plan.o \
	src/scoring/score.o \
	src/scoring/verbs.o \
	src/metrics/bins.o \
	src/metrics/bootstrap.o \
	src/metrics/confusion.o \
	src/metrics/drift.o \
	src/metrics/drift_measures.o \
	src/metrics/metric_functions.o \
	src/metrics/metrics.o \
	src/metrics/outcome_aggregates.o \
	src/metrics/outcomes.o \
	src/metrics/outcomes_io.o \
	src/metrics/parameters.o \
	src/metrics/profile.o \
	src/metrics/profile_categories.o \
	src/metrics/profile_column.o \
	src/metrics/profile_model.o \
	src/metrics/profile_numbers.o \
	src/metrics/profile_row.o \
	src/metrics/score_groups.o \
	src/metrics/tables.o \
	src/libxgboost/convert.o \
	src/libxgboost/failures.o \
	src/libxgboost/frames.o \
	src/libxgboost/generated_rows.o \
	src/libxgboost/process.o \
	src/libxgboost/settings.o \
	src/libxgboost/trainer.o \
	src/libxgboost/trainer_training.o \
	src/libxgboost/verify.o \
	src/training/calibration_points.o \
	src/training/categories.o \
	src/training/columns.o \
	src/training/draw.o \
	src/training/fit_isotonic.o \
	src/training/fit_sigmoid.o \
	src/training/held_out.o \
	src/training/identifiers.o \
	src/training/parameters.o \
	src/training/periods.o \
	src/training/progress.o \
	src/training/query_rows.o \
	src/training/request.o \
	src/training/rows.o \
	src/training/run.o \
	src/training/run_row.o \
	src/training/sample_profile.o \
	src/training/split.o \
	src/training/train.o \
	src/training/trial.o

PG_CPPFLAGS = -I$(top)src -DCOMPANY_RISK_VERSION='"$(EXTVERSION)"'

# Scores are promised to the bit: no fused multiply-add, no reassociation,
# whatever the packager's CFLAGS say.  The two exceptions to -Wextra are what
# PostgreSQL's own headers and its function interface need.
PG_CFLAGS = -ffp-contract=off -fno-fast-math \
	-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
SHLIB_LINK = -lm

# pg_config's CFLAGS, and the headers' format attributes, are those of the
# compiler that built the server.
ifneq (,$(findstring clang,$(notdir $(CC))))
PG_CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument \
	-Wno-ignored-attributes
endif

# For our own builds; a packager's newer compiler may know newer warnings.
ifdef WERROR
PG_CFLAGS += -Werror
endif

EXTRA_CLEAN = trainer/company_risk_trainer

# Each test begins with test/regress/fixture.sql: any can be run alone, in any order.
REGRESS = import errors model_files names registry promotion binding scoring explaining calibration golden drift verify \
	planning privileges matview parallel metrics evaluation dump training training_errors training_fit \
	plain_errors version
REGRESS_OPTS = --encoding=UTF8 --no-locale
ISOLATION = import promote score_race
ISOLATION_OPTS = --inputdir=$(srcdir)/test/isolation --encoding=UTF8 --no-locale
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# Bitcode for the server's JIT is of no use to us and would need clang.
# "make with_llvm=yes" builds it all the same.
ifneq ($(origin with_llvm),command line)
override with_llvm := no
endif

# The targets named here work before PostgreSQL is installed.
ifneq (,$(filter-out demo test test-matrix test-newcomer bench dist,$(or $(MAKECMDGOALS),all)))
PG_CONFIG = pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error $(PG_CONFIG) does not work: install PostgreSQL's server development files or set PG_CONFIG)
endif
pg_major := $(shell $(PG_CONFIG) --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
ifneq (yes,$(shell [ "$(pg_major)" -ge 15 ] && echo yes))
$(error PostgreSQL $(pg_major) is too old: company_risk needs 15 or newer; PG_CONFIG=... chooses another one than $(PG_CONFIG))
endif
# Debian's package for clients has $(PGXS), but not the headers.
ifeq (,$(wildcard $(shell $(PG_CONFIG) --includedir-server)/postgres.h))
$(error PostgreSQL $(pg_major) has no development files here (postgres.h): install postgresql-server-dev-$(pg_major) or set PG_CONFIG)
endif
ifneq ($(CURDIR),$(realpath $(top)))
ifneq (,$(wildcard $(top)src/*.o $(top)sql/company_risk--*.sql))
$(error $(top) has been built in, and make would take what it finds there: say "make clean" there first)
endif
endif
include $(PGXS)

# What needs libxgboost is a program of its own, installed beside the library.
# "make with_xgboost=no" goes without it, and without training.
ifneq ($(with_xgboost),no)
trainer = trainer/company_risk_trainer
trainer_sources = $(sort $(wildcard $(top)trainer/*.c))

all: $(trainer)
$(trainer): $(trainer_sources) $(wildcard $(top)trainer/*.h) $(top)Makefile
	@mkdir -p $(@D)
	@echo '#include <xgboost/c_api.h>' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 || { \
		echo 'xgboost/c_api.h is missing: install libxgboost-dev, or say "make with_xgboost=no"'; exit 1; }
	@printf '%s\n' '#include <xgboost/version_config.h>' \
		'#if XGBOOST_VER_MAJOR * 1000 + XGBOOST_VER_MINOR < 1007' '#error' '#endif' | \
		$(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 || { \
		echo 'XGBoost is too old: training needs 1.7 or newer; or say "make with_xgboost=no"'; exit 1; }
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(trainer_sources) -lxgboost -lm -pthread

.PHONY: install-trainer uninstall-trainer
install: install-trainer
install-trainer: $(trainer) installdirs
	$(INSTALL_PROGRAM) $(trainer) '$(DESTDIR)$(pkglibdir)/'
uninstall: uninstall-trainer
uninstall-trainer:
	rm -f '$(DESTDIR)$(pkglibdir)/$(notdir $(trainer))'
endif

# From 16 on modules are compiled with hidden symbols, and the server's macros
# export the functions; on 15 the linker hides the rest.
ifeq ($(MAJORVERSION) $(PORTNAME),15 linux)
SHLIB_LINK += -Wl,--version-script=$(top)src/company_risk.map
endif

# What is missing of Perl is said before the first test, not after the last.
ifeq ($(enable_tap_tests)$(if $(TAP_TESTS),,without),yes)
.PHONY: perl-modules
installcheck: perl-modules
perl-modules:
	@perl -MIPC::Run -MTest::More -e 1 2>/dev/null || { \
		echo 'Perl lacks IPC::Run or Test::More: install perl and libipc-run-perl, or say "make installcheck TAP_TESTS="'; exit 1; }
endif

# A build outside of the source tree needs the folders for what it makes.
.PHONY: object-folders
object-folders:
	@mkdir -p $(sort $(dir $(OBJS) $(script_built)))
$(script_built): $(script_parts) | object-folders
	cat $(script_parts) >$@
$(OBJS): | object-folders
$(OBJS): $(wildcard $(top)src/*/*.h $(top)trainer/protocol.h) $(top)company_risk.control $(top)Makefile
endif

export PG_CONFIG ONLY GROWTH

.PHONY: demo test test-matrix test-newcomer bench dist
demo:
	@$(top)script/demo
test:
	@$(top)script/test $(ONLY)
test-matrix:
	@$(top)script/test-matrix $(SUITES)
test-newcomer:
	@$(top)script/test-newcomer
bench:
	@$(top)script/bench
dist:
	git -C $(top) archive --format=zip --prefix=company_risk-$(EXTVERSION)/ \
		--output='$(CURDIR)/company_risk-$(EXTVERSION).zip' HEAD
