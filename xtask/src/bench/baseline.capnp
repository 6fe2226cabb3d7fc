# The baseline of `cargo xtask bench`. Its port and its folder come from the command line.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "baseline", worker = .baseline),
    (name = "objects", disk = (path = "/nonexistent", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "baseline")],
);

const baseline :Workerd.Worker = (
  modules = [(name = "baseline.js", esModule = embed "baseline.js")],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [(className = "Pile", uniqueKey = "Pile", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [(name = "PILE", durableObjectNamespace = "Pile")],
);
