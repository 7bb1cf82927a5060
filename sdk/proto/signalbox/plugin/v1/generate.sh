#!/bin/sh
# Generates the Go code of plugin.proto. Needs protoc; its Go plugins are tools
# of go.mod. The file is named from sdk/proto, so that its name in the global
# registry of descriptors is signalbox's own.
set -eu
cd "$(dirname "$0")/../../.."
protoc -I . \
	--plugin="protoc-gen-go=$(go tool -n protoc-gen-go)" \
	--plugin="protoc-gen-go-grpc=$(go tool -n protoc-gen-go-grpc)" \
	--go_out=. --go_opt=paths=source_relative \
	--go-grpc_out=. --go-grpc_opt=paths=source_relative \
	signalbox/plugin/v1/plugin.proto
