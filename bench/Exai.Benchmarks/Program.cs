using BenchmarkDotNet.Running;
using Exai.Benchmarks;

BenchmarkRunner.Run<PermitBenchmarks>(args: args);
