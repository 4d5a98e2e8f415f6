"""The service as the contract has it: one pipeline for gRPC and in-process calls, and the handlers behind it."""
