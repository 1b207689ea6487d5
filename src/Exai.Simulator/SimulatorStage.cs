namespace Exai.Simulator;

/// <summary>
/// The points of an answer at which a rule may hang or drop, in their order. Each name says what the client waits for then,
/// so that each stage trips another of its clocks.
/// </summary>
public static class SimulatorStage
{
    /// <summary>The connection stands and the request's head was read; its body stays unread where no rule has to look into it.</summary>
    public const string ConnectAccepted = "connect-accepted";

    /// <summary>The whole request was read; no response headers come.</summary>
    public const string Headers = "headers";

    /// <summary>The headers (and a role chunk, in dialects that send one) are out; no token comes.</summary>
    public const string FirstToken = "first_token";

    /// <summary>In the midst of the reasoning, after at least one of its tokens.</summary>
    public const string Reasoning = "reasoning";

    /// <summary>In the midst of the answer, after at least one of its tokens.</summary>
    public const string Answer = "answer";

    /// <summary>Every token is out; the finish chunk does not come.</summary>
    public const string Finish = "finish";

    /// <summary>All stages, in order.</summary>
    public static IReadOnlyList<string> All { get; } = [ConnectAccepted, Headers, FirstToken, Reasoning, Answer, Finish];
}
