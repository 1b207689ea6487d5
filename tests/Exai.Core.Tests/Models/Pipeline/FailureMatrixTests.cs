using System.Net.Sockets;
using System.Text;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Providers.Glm;
using Exai.Protocol;
using Exai.Settings;
using Exai.Simulator;
using Exai.Testing;

namespace Exai.Core.Tests.Models.Pipeline;

/// <summary>
/// Every way to fail at every stage of an attempt, over real HTTP: a model that always fails so, and one beside it that answers. Traps 80, 83,
/// 85, 95, 99: what is asked again, how often, who answers instead, and what an error still carries.
/// </summary>
public sealed class FailureMatrixTests(ITestOutputHelper output)
{
    private const int ReasoningTokens = 10;
    private const string Answer = "one two three four five six seven eight nine ten";

    private static readonly string[] Ways = ["timeout", "drop", "429", "500", "quota", "filter"];
    private static readonly string[] AllStages = [Stages.Connect, Stages.Headers, Stages.FirstToken, Stages.Reasoning, Stages.Answer, Stages.Finish];

    [Fact]
    public async Task Another_model_may_answer() => (await PlayAsync(model: null)).ShouldBe(
        """
        stage        timeout            drop               429                500                quota              filter
        connect      3, kimi            3, kimi            -                  -                  -                  -
        headers      1, kimi            3, kimi            3, kimi            3, kimi            1, kimi            1 CONTENT_FILTERED
        first_token  1, kimi            3, kimi            3, kimi            3, kimi            1, kimi            1 CONTENT_FILTERED
        reasoning    2, kimi            3, kimi            3, kimi            3, kimi            1, kimi            1 CONTENT_FILTERED
        answer       2, kimi            2, kimi            2, kimi            2, kimi            1, kimi            1 CONTENT_FILTERED
        finish       2, kimi            2, kimi            2, kimi            2, kimi            1, kimi            1 CONTENT_FILTERED

        """.ReplaceLineEndings("\n"));

    /// <summary>Trap 42: the caller named the model, so no other answers. A plus marks an error that carries a part of the answer.</summary>
    [Fact]
    public async Task Only_the_named_model_may_answer() => (await PlayAsync(model: "glm-4.6")).ShouldBe(
        """
        stage        timeout            drop               429                500                quota              filter
        connect      3 TIMEOUT          3 PROVIDER_ERROR   -                  -                  -                  -
        headers      2 TIMEOUT          3 PROVIDER_ERROR   3 RATE_LIMITED     3 PROVIDER_ERROR   1 PROVIDER_QUOTA   1 CONTENT_FILTERED
        first_token  2 TIMEOUT          3 PROVIDER_ERROR   3 RATE_LIMITED     3 PROVIDER_ERROR   1 PROVIDER_QUOTA   1 CONTENT_FILTERED
        reasoning    2 TIMEOUT          3 PROVIDER_ERROR   3 RATE_LIMITED     3 PROVIDER_ERROR   1 PROVIDER_QUOTA   1 CONTENT_FILTERED
        answer       2 TIMEOUT +        2 PROVIDER_ERROR + 2 RATE_LIMITED +   2 PROVIDER_ERROR + 1 PROVIDER_QUOTA + 1 CONTENT_FILTERED
        finish       2 TIMEOUT +        2 PROVIDER_ERROR + 2 RATE_LIMITED +   2 PROVIDER_ERROR + 1 PROVIDER_QUOTA + 1 CONTENT_FILTERED

        """.ReplaceLineEndings("\n"));

    private async Task<string> PlayAsync(string? model)
    {
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions(), TestContext.Current.CancellationToken);
        var table = new StringBuilder($"{"stage",-12} {string.Join(' ', Ways.Select(way => $"{way,-18}"))}".TrimEnd()).Append('\n');
        foreach (var stage in AllStages)
        {
            var row = new StringBuilder($"{stage,-12}");
            foreach (var way in Ways)
            {
                var cell = stage == Stages.Connect && way is not ("timeout" or "drop") ? "-" : await PlayAsync(simulator, stage, way, model);
                row.Append($" {cell,-18}");
            }

            table.Append(row.ToString().TrimEnd()).Append('\n');
        }

        output.WriteLine($"Requests to glm-4.6, then who answered or what the call ended with ({model ?? "auto"}):\n\n{table}");
        return table.ToString();
    }

    private static async Task<string> PlayAsync(SimulatorServer simulator, string stage, string way, string? model)
    {
        simulator.Script = new SimulatorScript
        {
            Rules = stage == Stages.Connect ? [new SimulatorRule { Answer = "fine" }] : [Rule(stage, way), new SimulatorRule { Answer = "fine" }],
        };
        var before = simulator.Log.Requests.Count;
        var ledger = new MemoryLedger();
        using var glm = stage == Stages.Connect ? Unreachable(way, simulator.GlmBaseUrl) : ProviderClients.Glm(
            Endpoint("glm", simulator.GlmBaseUrl), ModelCatalogue.Load(), new GlmWebSearchOptions(), TimeProvider.System);
        using var kimi = ProviderClients.Kimi(Endpoint("kimi", simulator.KimiBaseUrl), ModelCatalogue.Load(), TimeProvider.System);
        var clocks = Clocks(way == "timeout" ? TimeSpan.FromSeconds(0.4) : TimeSpan.FromSeconds(20));
        var router = new ModelRouter(
            [new ModelProvider("glm", glm, clocks, ["glm-4.6"], 8192), new ModelProvider("kimi", kimi, Clocks(TimeSpan.FromSeconds(20)), ["kimi-k2-0905-preview"], 8192)],
            ModelCatalogue.Load(), "auto");
        var options = new GatewayOptions { Retry = new RetryOptions(2, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2)) };
        var gateway = TestGateway.Create(router, TimeProvider.System, new ListLogger(), options);
        var question = new ModelQuestion { SystemPrompt = "system", Prompt = "hello", Model = model };

        string ending;
        try
        {
            var answer = await gateway.AskAsync(question, TestGateway.Scope(ledger: ledger), TestContext.Current.CancellationToken);
            answer.Text.ShouldBe("fine");
            answer.Fallbacks.Single().Model.ShouldBe("glm-4.6");
            ending = $", {answer.Provider}";
        }
        catch (ProviderException failure)
        {
            failure.Error.Model.ShouldBe("glm-4.6");
            ending = $" {failure.Error.Code}{(failure.Error.Partial is { } partial ? " +" : "")}";
            (failure.Error.Partial is { } text && !Answer.StartsWith(text.Trim(), StringComparison.Ordinal)).ShouldBeFalse();
        }

        var attempts = ledger.Rows.Where(row => row.Model == "glm-4.6").ToList();
        // Whoever waits for the finish knows only that the answer has begun.
        var seen = stage == Stages.Finish ? Stages.Answer : stage;
        attempts.ShouldAllBe(row => row.Outcome != AttemptOutcomes.Ok && row.Stage == seen, $"{stage} × {way}: {string.Join(", ", attempts)}");
        if (stage != Stages.Connect)
        {
            simulator.Log.Requests.Skip(before).Count(request => request.Dialect == "glm").ShouldBe(attempts.Count);
        }

        return $"{attempts.Count}{ending}";
    }

    private static SimulatorRule Rule(string stage, string way)
    {
        var rule = new SimulatorRule { Dialect = "glm", ReasoningTokens = ReasoningTokens, Answer = Answer };
        var (code, status) = way switch
        {
            "429" => ("1302", 429),
            "500" => ("1234", 500),
            "quota" => ("1113", 429),
            _ => ("1301", 400),
        };
        return way switch
        {
            "timeout" => rule with { HangAt = stage },
            "drop" => rule with { DropAt = stage },
            _ when stage == Stages.Headers => rule with { Status = status, ErrorCode = code },
            _ => rule with { StreamError = "trouble", ErrorCode = code, StreamErrorAfterTokens = TokensBefore(stage) },
        };
    }

    private static int TokensBefore(string stage) => stage switch
    {
        Stages.FirstToken => 0,
        Stages.Reasoning => ReasoningTokens / 2,
        Stages.Answer => ReasoningTokens + 5,
        _ => 10_000,
    };

    /// <summary>A connection that is never made, or one that is refused.</summary>
    private static Exai.Core.Providers.OpenAiCompatible.OpenAiCompatibleClient Unreachable(string way, Uri baseUrl)
    {
        var endpoint = Endpoint("glm", way == "drop" ? ClosedPort() : baseUrl);
        var handler = ProviderHttp.CreateHandler(endpoint);
        if (way == "timeout")
        {
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return Stream.Null;
            };
        }

        return ProviderClients.Glm(endpoint, ModelCatalogue.Load(), new GlmWebSearchOptions(), TimeProvider.System, handler);
    }

    private static Uri ClosedPort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}");
    }

    private static ProviderEndpoint Endpoint(string name, Uri baseUrl) => new()
    {
        Name = name,
        BaseUrl = baseUrl,
        ApiKey = "key.secret",
        ConnectTimeout = TimeSpan.FromSeconds(0.2),
    };

    private static ProviderClocks Clocks(TimeSpan each) => new()
    {
        Connect = TimeSpan.FromSeconds(0.2),
        FirstTokenPlain = each,
        FirstTokenWeb = each,
        FirstTokenThinking = each,
        FirstTokenWebThinking = each,
        Idle = each,
        Stream = TimeSpan.FromSeconds(60),
    };
}
