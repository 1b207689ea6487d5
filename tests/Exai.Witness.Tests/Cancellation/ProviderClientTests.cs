using System.Diagnostics;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Providers.Glm;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;
using Microsoft.Extensions.AI;

namespace Exai.Witness.Tests.Cancellation;

/// <summary>Traps 88, 221: whoever cancels stops the provider, at whatever stage, within a second.</summary>
public sealed class ProviderClientTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly ModelCatalogue Catalogue = ModelCatalogue.Load();

    private SimulatorServer _simulator = null!;

    public static TheoryData<string, string> DialectsAndStages
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var dialect in (string[])["glm", "kimi", "openai"])
            {
                foreach (var stage in (string[])["connect-accepted", "headers", "first_token", "reasoning", "answer", "finish"])
                    data.Add(dialect, stage);
            }

            return data;
        }
    }

    public async ValueTask InitializeAsync() => _simulator = await SimulatorServer.StartAsync(new SimulatorOptions());

    public ValueTask DisposeAsync() => _simulator.DisposeAsync();

    [Theory]
    [MemberData(nameof(DialectsAndStages))]
    public async Task Stream_that_hangs_ends_at_the_provider(string dialect, string stage)
    {
        Play(new SimulatorRule { HangAt = stage, AnswerTokens = 8, ReasoningTokens = stage == "reasoning" ? 8 : 0 });
        using var client = Client(dialect);
        using var cancelled = new CancellationTokenSource();
        var reading = ReadAsync(client, dialect, cancelled.Token);
        var tokens = stage switch { "reasoning" or "answer" => 4, "finish" => 8, _ => 0 };
        await _simulator.Log.WaitForTokensAsync(1, tokens, Patience.Token());

        await ShouldBeLeftSoonAsync(cancelled, reading);
        _simulator.Log.Chats[0].TokensSent.ShouldBe(tokens);
    }

    [Theory]
    [InlineData("glm")]
    [InlineData("kimi")]
    [InlineData("openai")]
    public async Task Answer_awaited_as_a_whole_ends_at_the_provider(string dialect)
    {
        Play(new SimulatorRule { HangAt = SimulatorStage.Answer, AnswerTokens = 8 });
        using var client = Client(dialect);
        using var cancelled = new CancellationTokenSource();
        var asking = client.GetResponseAsync("What is it?", Options(dialect), cancelled.Token);
        await _simulator.Log.WaitForTokensAsync(1, 4, Patience.Token());

        await ShouldBeLeftSoonAsync(cancelled, asking);
    }

    /// <summary>Nobody reads at the moment of the cancel, and more is always there to be read.</summary>
    [Fact]
    public async Task Stream_that_never_pauses_ends_at_the_provider_when_it_is_cancelled_between_two_reads()
    {
        Play(new SimulatorRule { AnswerTokens = 20_000, ReasoningTokens = 0, TokensPerSecond = 5000 });
        using var client = Client("openai");
        using var cancelled = new CancellationTokenSource();
        var cancelledAt = 0L;
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in client.GetStreamingResponseAsync("What is it?", Options("openai"), cancelled.Token))
            {
                if (update.Text.Length > 0 && cancelledAt == 0)
                {
                    cancelledAt = Stopwatch.GetTimestamp();
                    cancelled.Cancel();
                }
            }
        });

        await ShouldBeLeftSoonAfterAsync(cancelledAt);
    }

    /// <summary>A reader that has enough leaves without any cancel, as one does that finds the answer broken.</summary>
    [Fact]
    public async Task Stream_that_is_not_read_to_its_end_ends_at_the_provider()
    {
        Play(new SimulatorRule { AnswerTokens = 2_000, ReasoningTokens = 0, TokensPerSecond = 100 });
        using var client = Client("openai");
        await foreach (var update in client.GetStreamingResponseAsync("What is it?", Options("openai"), Patience.Token()))
        {
            if (update.Text.Length > 0)
                break;
        }

        await ShouldBeLeftSoonAfterAsync(Stopwatch.GetTimestamp());
    }

    /// <summary>The next call is not made to wait for, or to share, a connection that was left in the middle.</summary>
    [Fact]
    public async Task Call_after_a_cancelled_one_is_answered()
    {
        Play(new SimulatorRule { Times = 1, HangAt = SimulatorStage.Answer, AnswerTokens = 8 }, new SimulatorRule { Answer = "Fine." });
        using var client = Client("openai", connections: 1);
        using var cancelled = new CancellationTokenSource();
        var reading = ReadAsync(client, "openai", cancelled.Token);
        await _simulator.Log.WaitForTokensAsync(1, 4, Patience.Token());
        cancelled.Cancel();
        await Should.ThrowAsync<OperationCanceledException>(reading);

        (await client.GetResponseAsync("And now?", Options("openai"), Patience.Token())).Text.ShouldBe("Fine.");
    }

    private async Task ShouldBeLeftSoonAsync(CancellationTokenSource cancelled, Task call)
    {
        var cancelledAt = Stopwatch.GetTimestamp();
        cancelled.Cancel();
        await Should.ThrowAsync<OperationCanceledException>(call);
        await ShouldBeLeftSoonAfterAsync(cancelledAt);
    }

    private async Task ShouldBeLeftSoonAfterAsync(long timestamp)
    {
        await _simulator.Log.WaitForOutcomeAsync(1, SimulatorOutcome.ClientGone, Patience.Token());
        Stopwatch.GetElapsedTime(timestamp).ShouldBeLessThan(Soon);
    }

    private static async Task ReadAsync(IChatClient client, string dialect, CancellationToken cancellationToken)
    {
        await foreach (var _ in client.GetStreamingResponseAsync("What is it?", Options(dialect), cancellationToken))
        {
            // Only the end matters.
        }
    }

    private void Play(params SimulatorRule[] rules) => _simulator.Script = new SimulatorScript { Rules = rules };

    private static ChatOptions Options(string dialect) => new() { ModelId = dialect switch { "glm" => "glm-4.6", "kimi" => "kimi-k2.6", _ => "sim-small" } };

    private IChatClient Client(string dialect, int connections = 15)
    {
        var url = dialect switch { "glm" => _simulator.GlmBaseUrl, "kimi" => _simulator.KimiBaseUrl, _ => _simulator.OpenAiBaseUrl };
        var endpoint = new ProviderEndpoint { Name = dialect, BaseUrl = url, ApiKey = "key-of-the-witness", MaxConnections = connections };
        var handler = ProviderHttp.CreateHandler(endpoint);
        // Whoever runs the tests may have a proxy.
        handler.UseProxy = false;
        return dialect switch
        {
            "glm" => ProviderClients.Glm(endpoint, Catalogue, new GlmWebSearchOptions(), TimeProvider.System, handler),
            "kimi" => ProviderClients.Kimi(endpoint, Catalogue, TimeProvider.System, handler),
            _ => ProviderClients.Generic(endpoint, Catalogue, TimeProvider.System, handler),
        };
    }
}
