namespace Exai.Core.Calls;

/// <summary>What a running call is doing now.</summary>
/// <param name="Text">For people, in at most 200 characters.</param>
/// <param name="Stage">For programs: a word of <see cref="CallStages"/>.</param>
public sealed record CallProgress(string Text, string Stage = CallStages.Work)
{
    private const int LongestText = 200;

    /// <summary>For people, in at most 200 characters.</summary>
    public string Text { get; } = Text.Length <= LongestText ? Text : Text[..(LongestText - 1)] + "…";

    /// <summary>1 for the next one; null when it is not queued.</summary>
    public int? QueuePlace { get; init; }

    /// <summary>What the present attempt has received so far, reasoning included, estimated by its length; null before the first one.</summary>
    public int? ReceivedTokens { get; init; }
}

/// <summary>The words of <see cref="CallProgress.Stage"/>. Those of an attempt are the ones that a receipt uses.</summary>
public static class CallStages
{
    /// <summary>Not begun yet.</summary>
    public const string Accepted = "accepted";

    /// <summary>Waits for an earlier call on its thread.</summary>
    public const string Thread = "thread";

    /// <summary>Waits for a permit.</summary>
    public const string Queue = Protocol.Stages.Queue;

    /// <summary>A model was asked and has not said anything.</summary>
    public const string FirstToken = Protocol.Stages.FirstToken;

    /// <summary>A model is thinking.</summary>
    public const string Reasoning = Protocol.Stages.Reasoning;

    /// <summary>A model is answering.</summary>
    public const string Answer = Protocol.Stages.Answer;

    /// <summary>An attempt failed; the next one follows.</summary>
    public const string Retry = "retry";

    /// <summary>The tool itself is at work.</summary>
    public const string Work = "work";

    /// <summary>Another daemon runs it.</summary>
    public const string Elsewhere = "elsewhere";
}
