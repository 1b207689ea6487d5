using BenchmarkDotNet.Attributes;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Settings;

namespace Exai.Benchmarks;

/// <summary>A question with its thread is laid into a model's window.</summary>
[MemoryDiagnoser, InProcess]
public class ThreadBenchmarks
{
    private static readonly string Text = string.Concat(Enumerable.Repeat("A sentence about code, with a für and a 好 in it. ", 40));

    private ModelQuestion _question = null!;
    private ModelRoute _route = null!;

    /// <summary>Turns before it, each with about 2 KB of question and as much of answer.</summary>
    [Params(0, 20, 200)]
    public int Turns { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var clock = TimeSpan.FromMinutes(1);
        var clocks = new ProviderClocks
        {
            Connect = clock,
            FirstTokenPlain = clock,
            FirstTokenThinking = clock,
            FirstTokenWeb = clock,
            FirstTokenWebThinking = clock,
            Idle = clock,
            Stream = clock,
        };
        var client = ProviderClients.Generic(new ProviderEndpoint { Name = "bench", BaseUrl = new Uri("http://bench.invalid/v1") }, ModelCatalogue.Load(), TimeProvider.System);
        _route = new ModelRoute("glm-4.6", new ModelProvider("bench", client, clocks, [], 4096), "glm-4.6", null, []);
        _question = new ModelQuestion { SystemPrompt = Text, Prompt = Text, History = [.. Enumerable.Repeat((Text, Text), Turns)] };
    }

    [GlobalCleanup]
    public void Cleanup() => _route.Provider.Client.Dispose();

    [Benchmark]
    public int Lay() => ThreadWindow.Lay(_question, _route, ThreadWindow.Room(4096, null), 4096).Messages.Count;

    /// <summary>Of 2 KB of text.</summary>
    [Benchmark]
    public int Estimate() => TokenEstimate.Of(Text);
}
