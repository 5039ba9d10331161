# tankd: everything that is done with it, by name. `make` alone lists the targets.
# Works with GNU make 3.81 (macOS) and later; needs npm or Bun, nothing else.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Options for `tankd start`, e.g. make start ARGS="--name left --port 9000"
ARGS ?=
# The data directory that start, stop, status … speak about; tankd's own default when empty.
DATA_DIR ?=
# Serf agents that start-serf joins, e.g. 10.0.0.7 or 10.0.0.7:7946,10.0.0.8.
SERF_JOIN ?=
# Nodes of dev-cluster.
N ?= 3

BUN := .tools/bun
DIST := dist/tankd
SOURCES := $(shell find src -type f 2>/dev/null)
INSTALLED := node_modules/.installed
BUILD_INPUTS := $(SOURCES) deploy/build.ts deploy/compile-flags.ts deploy/bytecode-order.ts \
	package.json tsconfig.json $(INSTALLED)

DATA_OPTION = $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")
SERF_OPTION = $(if $(SERF_JOIN),--serf-join "$(SERF_JOIN)")

# bun test, one process for each group; its closing lines are what .ci/run counts.
RUN_TESTS = $(BUN) test --timeout 30000
UNIT_TESTS = $(shell find test -name '*.test.ts' ! -name '*long.test.ts' \
	! -path 'test/e2e/*' ! -path 'test/ops/*' ! -path 'test/faults/*' ! -path 'test/simulation/*' \
	! -path 'test/adapters/*' | sort | sed 's|^|./|')
TESTS_IN = $(shell find $(1) -name '*.test.ts' ! -name '*long.test.ts' 2>/dev/null \
	| sort | sed 's|^|./|')
ADAPTER_TESTS = $(call TESTS_IN,test/adapters)
SIMULATION_TESTS = $(call TESTS_IN,test/simulation)
REAL_TESTS = $(call TESTS_IN,test/ops test/e2e)
FAULT_TESTS = $(call TESTS_IN,test/faults)
LONG_TESTS = $(shell find test -name '*long.test.ts' | sort | sed 's|^|./|')

WRITE_PROFILE = @if [ -e tankd.toml ]; then \
	echo "tankd.toml is there already; it was left as it is:"; else \
	printf '\043 Settings of tankd in this directory; tankd config shows them all.\n' >tankd.toml; \
	printf 'profile = "%s"\n' $(1) >>tankd.toml; \
	echo "Wrote tankd.toml:"; fi; sed 's/^/  /' tankd.toml

##@ Build

.PHONY: help
help: ## list the targets (this)
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'With: ARGS="…" options for tankd start, DATA_DIR=… another data directory.'

.PHONY: install
install: $(INSTALLED) ## fetch the pinned Bun and the dependencies

$(INSTALLED): package.json bun.lock bunfig.toml deploy/bun.sh
	@deploy/bun.sh
	@touch $@

.PHONY: build
build: $(DIST) ## make dist/tankd, one executable

$(DIST): $(BUILD_INPUTS)
	$(BUN) deploy/build.ts
	@touch $@

.PHONY: release
release: dist/release/SHA256SUMS ## cross-compile for Linux, macOS and Windows

dist/release/SHA256SUMS: $(BUILD_INPUTS)
	$(BUN) deploy/build.ts --release
	@touch $@

.PHONY: clean
clean: ## stop the dev-cluster and remove what was built; no tank is touched
	@deploy/dev-cluster.sh stop
	rm -rf dist coverage .dev-cluster

##@ Test

.PHONY: check
check: $(INSTALLED) ## types, lint and format
	$(BUN) node_modules/typescript/bin/tsc -b
	$(BUN) node_modules/@biomejs/biome/bin/biome check --error-on-warnings .

# Every group runs even when one before it failed, so that one run shows everything.
.PHONY: test
test: $(DIST) ## all tests in their quick form
	@failed=; for group in check test-unit test-side-by-side test-integration test-faults; do \
	  $(MAKE) --no-print-directory $$group || failed="$$failed $$group"; \
	done; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed" >&2; exit 1; fi; \
	echo "All tests passed."

.PHONY: test-unit
test-unit: $(INSTALLED) ## unit and property tests
	@$(if $(UNIT_TESTS),$(RUN_TESTS) $(UNIT_TESTS))

.PHONY: test-simulation
test-simulation: $(INSTALLED) ## the seeded cluster simulator
	@$(if $(SIMULATION_TESTS),$(RUN_TESTS) $(SIMULATION_TESTS))

# The same seed, nodes and minutes give the same run.
.PHONY: simulate
simulate: $(INSTALLED) ## one cluster through faults (SEED=drawn NODES=3 MINUTES=60 simulated)
	@$(BUN) test/simulation/run.ts $(if $(SEED),--seed $(SEED)) --nodes $(or $(NODES),3) \
	  --minutes $(or $(MINUTES),60) $(ARGS)

.PHONY: test-adapters
test-adapters: $(INSTALLED) ## discovery backends and leases with real servers (Linux, root)
	@$(RUN_TESTS) $(ADAPTER_TESTS)

# Real servers take their time, which the simulator, whose time is its own, can use.
.PHONY: test-side-by-side
test-side-by-side: $(INSTALLED) ## test-simulation and test-adapters at the same time
	@output=$$(mktemp); $(MAKE) --no-print-directory test-adapters >"$$output" 2>&1 & adapters=$$!; \
	status=0; $(MAKE) --no-print-directory test-simulation || status=1; \
	wait $$adapters || status=1; cat "$$output"; rm -f "$$output"; exit $$status

.PHONY: test-integration
test-integration: $(DIST) ## real processes in network namespaces (Linux, root)
	@$(RUN_TESTS) $(REAL_TESTS)

.PHONY: test-faults
test-faults: $(DIST) ## crashes, full disks, damaged files (Linux, root; FAULTS_SEED=… repeats one)
	@$(RUN_TESTS) $(FAULT_TESTS)

.PHONY: test-long
test-long: $(DIST) ## more kills, more seeds, more nodes
	@$(RUN_TESTS) --timeout 900000 $(LONG_TESTS)

.PHONY: test-consul
test-consul: $(INSTALLED) ## the double of Consul, driven by Consul's own client (Go)
	@$(RUN_TESTS) ./test/adapters/consul/go-client-long.test.ts

.PHONY: test-tools
test-tools: $(DIST) ## the tables of runs, read by researchers' tools (Python, PyPI; 3 min)
	@$(RUN_TESTS) ./test/tools/tables-long.test.ts

.PHONY: test-clients
test-clients: $(DIST) ## clients that generators make of the API (npm, Python, PyPI; 1 min)
	@$(RUN_TESTS) ./test/clients/clients-long.test.ts

.PHONY: test-artefacts
test-artefacts: dist/release/SHA256SUMS $(DIST) ## each build that runs here (root, qemu; 10 min)
	@$(RUN_TESTS) ./test/ops/artefacts/artefacts-long.test.ts

.PHONY: test-versions
test-versions: $(DIST) ## beside an earlier build: transfers, kills, upgrade (Linux, root; 3 min)
	@$(RUN_TESTS) ./test/versions/versions-long.test.ts ./test/versions/rolling-long.test.ts

.PHONY: test-discovery
test-discovery: $(DIST) ## a hub and two workers on this machine, and their list
	@deploy/dev-cluster.sh show-discovery

.PHONY: test-tailscale
test-tailscale: $(DIST) ## nodes that only a tailnet connects (Linux, root, Go; builds Tailscale)
	@test/adapters/tailscale/build.sh .tools/tailscale
	@TAILSCALE_PROGRAMS=.tools/tailscale $(RUN_TESTS) --timeout 900000 \
	  ./test/adapters/tailscale/tailnet-long.test.ts

.PHONY: bench
bench: $(DIST) ## the speed of the world on one core
	@./$(DIST) run --seed 1 --ticks 10000 --fish 100
	@echo
	@$(BUN) bench/engine.ts

.PHONY: bench-tanks
bench-tanks: $(DIST) ## a thousand tanks on this machine: pace, creation, recovery, memory (15 min)
	@$(BUN) bench/tanks.ts $(ARGS)

.PHONY: bench-cluster
bench-cluster: $(DIST) ## 3 to 50 nodes at once, the hub killed 30 times (Linux, root; 2 h)
	@$(BUN) bench/cluster.ts $(ARGS)
	@$(BUN) bench/cluster.ts --discovery hub $(ARGS)
	@$(BUN) bench/cluster.ts --idle $(ARGS)
	@$(BUN) bench/takeover.ts $(ARGS)

.PHONY: bench-discovery
bench-discovery: $(DIST) ## how soon nodes meet by each backend, and its cost (Linux, root; 1.5 h)
	@$(BUN) bench/discovery.ts $(ARGS)

.PHONY: bench-commits
bench-commits: ## what a commit costs, in the main thread and in the disk thread
	@$(BUN) bench/commits.ts $(ARGS)

.PHONY: bench-transfers
bench-transfers: $(DIST) ## latency, rate and cost of transfers (5 min; ARGS="--base BINARY")
	@$(BUN) bench/transfers.ts $(ARGS)

.PHONY: bench-audit
bench-audit: $(DIST) ## what an audit of 50 nodes with 20 tanks each takes (5 min)
	@$(BUN) bench/audit.ts --tick-rate 1 $(ARGS)

.PHONY: bench-idle
bench-idle: $(DIST) ## what an idle node costs (ARGS="--base BINARY": beside another build)
	@$(BUN) bench/idle.ts $(ARGS)

.PHONY: soak
soak: $(DIST) ## whether two nodes that exchange fish grow with time (HOURS=1)
	@$(BUN) bench/soak.ts --hours $(or $(HOURS),1) $(ARGS)

##@ Run

.PHONY: start
start: $(DIST) ## start a node in the background
	@deploy/nodes.sh start $(DATA_OPTION) $(ARGS)

.PHONY: start-mdns
start-mdns: $(DIST) ## start a node that looks on the local network only
	@deploy/nodes.sh start $(DATA_OPTION) --discovery mdns $(ARGS)

.PHONY: start-serf
start-serf: $(DIST) ## start a node that looks by Serf only (SERF_JOIN=… an agent to join)
	@deploy/nodes.sh start $(DATA_OPTION) --discovery serf $(SERF_OPTION) $(ARGS)

.PHONY: start-tailscale
start-tailscale: $(DIST) ## start a node that looks in the tailnet of this machine only
	@deploy/nodes.sh start $(DATA_OPTION) --discovery tailscale $(ARGS)

.PHONY: stop
stop: ## stop the node and the dev-cluster
	@deploy/nodes.sh stop $(DATA_OPTION)

.PHONY: restart
restart: $(DIST) stop ## stop, then start
	@$(MAKE) --no-print-directory start

.PHONY: status
status: ## the node, its role and its tanks
	@deploy/nodes.sh ask $(DATA_OPTION) status

.PHONY: peers
peers: ## the servers of the cluster
	@deploy/nodes.sh ask $(DATA_OPTION) peers

.PHONY: logs
logs: ## follow the node's log
	@deploy/nodes.sh logs $(DATA_OPTION)

.PHONY: logs-all
logs-all: ## follow the logs of the whole dev-cluster
	@deploy/dev-cluster.sh logs

.PHONY: ps
ps: ## the processes of this checkout and data directory
	@deploy/nodes.sh list $(DATA_OPTION)

.PHONY: emergency-stop
emergency-stop: ## end every node of this checkout and data directory, by force if need be
	@deploy/nodes.sh kill $(DATA_OPTION)

.PHONY: config
config: ## every setting and where its value comes from
	@deploy/nodes.sh ask $(DATA_OPTION) config

.PHONY: dev-env
dev-env: ## write tankd.toml with the timing for development, unless there is one
	$(call WRITE_PROFILE,development)

.PHONY: prod-env
prod-env: ## write tankd.toml with the timing for production, unless there is one
	$(call WRITE_PROFILE,production)

.PHONY: dev-cluster
dev-cluster: $(DIST) ## start N=3 nodes on this machine
	@deploy/dev-cluster.sh start $(N)

##@ Deploy

.PHONY: deploy
deploy: $(DIST) ## install the program and run it as a service
	@deploy/service.sh deploy $(ARGS)

.PHONY: update
update: ## install a newer build; the program before stays as tankd.previous
	@deploy/service.sh pull
	@$(MAKE) --no-print-directory build
	@deploy/service.sh update

.PHONY: undeploy
undeploy: ## stop the service and remove the program; tanks stay
	@deploy/service.sh undeploy
