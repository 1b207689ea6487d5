using System.Globalization;
using System.Text.Json.Nodes;

namespace Exai.Peers;

/// <summary>What was measured of one gateway with so many questions in flight. Milliseconds, on top of nothing.</summary>
/// <param name="Arrival">From the question to its arrival at the provider.</param>
/// <param name="FirstToken">Null where the asker sees none before the end.</param>
/// <param name="Total">From the question to the last byte of the answer.</param>
/// <param name="PerSecond">Questions answered in a second.</param>
internal sealed record GatewayFigures(string Name, int InFlight, Distribution Arrival, Distribution? FirstToken, Distribution Total, double PerSecond);

/// <summary>The same questions for every gateway.</summary>
internal static class GatewayMeasure
{
    /// <summary>The provider's pace: the first token after 100 ms, twenty tokens in another 100 ms.</summary>
    public const string Script = """{"rules":[{"reasoningTokens":0,"firstTokenMs":100,"answerTokens":20,"tokensPerSecond":200}]}""";

    /// <summary>A runtime that compiles what is hot has done so afterwards.</summary>
    public static Task WarmUpAsync(Gateway gateway, int questions) => AskAllAsync(gateway, inFlight: 64, questions);

    public static async Task<GatewayFigures> MeasureAsync(Gateway gateway, ExaiMachine machine, int inFlight, int questions)
    {
        await AskAllAsync(gateway, inFlight, Math.Max(inFlight, 50));
        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();
        var asked = await AskAllAsync(gateway, inFlight, questions);
        var took = clock.GetElapsedTime(started);

        var arrivals = await ArrivalsAsync(machine, questions);
        return new GatewayFigures(
            gateway.Name, inFlight,
            new Distribution(asked.Select(one => (arrivals[one.Question] - one.At).TotalMilliseconds)),
            asked[0].Answer.FirstToken is null ? null : new Distribution(asked.Select(one => one.Answer.FirstToken!.Value.TotalMilliseconds)),
            new Distribution(asked.Select(one => one.Answer.Total.TotalMilliseconds)),
            questions / took.TotalSeconds);
    }

    private static async Task<List<Asked>> AskAllAsync(Gateway gateway, int inFlight, int questions)
    {
        var run = Guid.NewGuid().ToString("N");
        var lanes = await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async lane =>
        {
            var asked = new List<Asked>();
            for (var number = lane; number < questions; number += inFlight)
            {
                var question = string.Create(CultureInfo.InvariantCulture, $"Question {run}-{number}.");
                var at = TimeProvider.System.GetUtcNow();
                asked.Add(new Asked(question, at, await gateway.AskAsync(question)));
            }

            return asked;
        }));
        return [.. lanes.SelectMany(asked => asked)];
    }

    /// <summary>On the simulator's clock, which is this machine's.</summary>
    private static async Task<Dictionary<string, DateTimeOffset>> ArrivalsAsync(ExaiMachine machine, int questions)
    {
        var requests = JsonNode.Parse(await machine.Control.GetStringAsync(new Uri(machine.GlmBaseUrl, $"/sim/requests?last={questions}")))!.AsArray();
        var arrivals = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var request in requests)
        {
            var body = request!["body"]!.ToString();
            var start = body.IndexOf("Question ", StringComparison.Ordinal);
            arrivals[body[start..(body.IndexOf('.', start) + 1)]] = (DateTimeOffset)request["at"]!;
        }

        return arrivals;
    }

    private sealed record Asked(string Question, DateTimeOffset At, Answered Answer);
}
