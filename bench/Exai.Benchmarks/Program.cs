using BenchmarkDotNet.Running;
using Exai.Benchmarks;

// All of them, or those whose names match: --filter '*Journal*'
BenchmarkSwitcher.FromTypes([typeof(StreamBenchmarks), typeof(RelayBenchmarks), typeof(PermitBenchmarks), typeof(JournalBenchmarks), typeof(ThreadBenchmarks)])
    .Run(args.Length == 0 ? ["--filter", "*"] : args);
