# Longshore: everything that a person types. On a fresh Debian machine with Rust and Node, `make run` opens the app
# and `make test` checks all of it; what else they need they install themselves.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test check bench frames package cli bindings clean system

CARGO ?= cargo
# The window's assets are built into the program.
FEATURES := --features longshore-desktop/custom-protocol

BUILD_PACKAGES := build-essential pkg-config libwebkit2gtk-4.1-dev
TEST_PACKAGES := webkit2gtk-driver xvfb xdotool python3-gi gir1.2-gtk-3.0 fonts-dejavu-core imagemagick \
	docker-registry skopeo umoci podman buildah apache2-utils nginx tinyproxy-bin bzip2 xz-utils zstd \
	golang-docker-credential-helpers gnome-keyring dbus-bin dbus-daemon libfaketime rpm
BENCH_PACKAGES := build-essential pkg-config docker-registry skopeo umoci time

help:
	@echo 'make run      build Longshore and open its window'
	@echo 'make test     every check and every test, the window included'
	@echo 'make cli      build the command line: target/release/longshore'
	@echo 'make bench    measure it beside skopeo, and crane where it is on PATH'
	@echo 'make frames   count the frames of the window while it scrolls and pulls'
	@echo 'make package  build a .deb'

# install(PACKAGES): by apt, only what is missing.
define install
	@missing=(); for package in $(1); do \
	  dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing+=($$package); done; \
	if [ $${#missing[@]} -gt 0 ]; then \
	  command -v apt-get >/dev/null || { echo "These are missing, and there is no apt-get to install them: $${missing[*]}" >&2; exit 1; }; \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  echo "Installing $${missing[*]}"; \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $${missing[@]} >/dev/null || exit 1; \
	fi
	@command -v $(CARGO) >/dev/null || { echo 'Rust is missing: install it with rustup (https://rustup.rs), 1.95 or newer' >&2; exit 1; }
endef

define need-node
	@command -v npm >/dev/null || { echo 'Node is missing: install Node 20.19, 22.13, or 24 and newer' >&2; exit 1; }
endef

ui/node_modules/.stamp: ui/package-lock.json ui/.npmrc
	$(need-node)
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui/dist/.stamp: ui/node_modules/.stamp $(shell find ui/src ui/index.html ui/vite.config.ts ui/public -type f 2>/dev/null)
	cd ui && npm run --silent build
	@touch $@

run:
	$(call install,$(BUILD_PACKAGES))
	@$(MAKE) --no-print-directory ui/dist/.stamp
	$(CARGO) build --release -p longshore-desktop $(FEATURES)
	@[ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || { echo 'There is no display to open the window on: set DISPLAY, or use the command line (make cli)' >&2; exit 1; }
	./target/release/longshore-desktop

cli:
	$(CARGO) build --release -p cli

# Programs are built with the tests, whose dependencies' features would have it all compiled once more.
test:
	$(call install,$(BUILD_PACKAGES) $(TEST_PACKAGES))
	@$(MAKE) --no-print-directory ui/dist/.stamp
	@$(MAKE) --no-print-directory check
	$(CARGO) build --workspace --bins --tests $(FEATURES)
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run --workspace $(FEATURES); \
	else \
	  $(CARGO) test --workspace $(FEATURES) -- --test-threads=2; \
	fi
	$(CARGO) test --workspace --doc $(FEATURES) --quiet

check: ui/dist/.stamp
	cd ui && npm run --silent check
	cd ui && npm run --silent lint
	cd ui && npm run --silent test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(FEATURES) -- -D warnings

bindings:
	LONGSHORE_WRITE_BINDINGS=1 $(CARGO) test -p longshore-desktop bindings

bench:
	$(call install,$(BENCH_PACKAGES))
	$(CARGO) build --release -p cli -p bench
	./target/release/bench $(BENCH)

frames:
	$(call install,$(BUILD_PACKAGES) $(TEST_PACKAGES))
	@$(MAKE) --no-print-directory ui/dist/.stamp
	$(CARGO) build --release -p longshore-desktop -p bench $(FEATURES)
	./target/release/frames $(FRAMES)

package:
	$(call install,$(BUILD_PACKAGES))
	@$(MAKE) --no-print-directory ui/node_modules/.stamp
	cd ui && npx tauri build --bundles deb --ci --config ../src-tauri/tauri.conf.json

clean:
	$(CARGO) clean
	rm -rf ui/node_modules ui/dist
