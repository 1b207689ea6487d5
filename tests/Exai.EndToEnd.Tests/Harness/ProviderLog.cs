using Exai.Simulator;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>What the provider saw of a question, told apart by a marker within its prompt.</summary>
internal static class ProviderLog
{
    public static IReadOnlyList<SimulatorRequest> Asked(this SimulatorServer simulator, string marker) =>
        [.. simulator.Log.Chats.Where(request => request.Body.GetRawText().Contains(marker, StringComparison.Ordinal))];

    /// <summary>The first request with the marker, as soon as it has come in and produced so many tokens.</summary>
    public static async Task<SimulatorRequest> AskedAsync(this SimulatorServer simulator, string marker, int tokens = 0)
    {
        await simulator.Log.WaitForAsync(_ => simulator.Asked(marker).Any(request => request.TokensSent >= tokens), Patience.Token());
        return simulator.Asked(marker)[0];
    }

    public static Task EndedAsync(this SimulatorServer simulator, SimulatorRequest request, string outcome) =>
        simulator.Log.WaitForOutcomeAsync(request.Number, outcome, Patience.Token());

    /// <summary>How often a text stands in the request's body.</summary>
    public static int Count(this SimulatorRequest request, string text) => request.Body.GetRawText().Split(text).Length - 1;

    /// <summary>An answer that takes long enough to be interrupted in: 50 ms to the first token, then 200 a second.</summary>
    public static SimulatorRule Streams(int tokens, double tokensPerSecond = 200) =>
        new() { FirstTokenMs = 50, TokensPerSecond = tokensPerSecond, AnswerTokens = tokens, ReasoningTokens = 0 };
}
