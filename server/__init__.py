"""The gRPC server and the only owner of the database."""
