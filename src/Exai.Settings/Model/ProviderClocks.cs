namespace Exai.Settings;

/// <summary>A provider's clocks as configured. <see cref="For"/> gives those of one attempt.</summary>
public sealed record ProviderClocks
{
    public required TimeSpan Connect { get; init; }

    /// <summary>Null means that no clock of its own watches the headers: the first token's does.</summary>
    public TimeSpan? Headers { get; init; }

    public required TimeSpan FirstTokenPlain { get; init; }

    public required TimeSpan FirstTokenWeb { get; init; }

    public required TimeSpan FirstTokenThinking { get; init; }

    public required TimeSpan FirstTokenWebThinking { get; init; }

    public required TimeSpan Idle { get; init; }

    /// <summary>The whole attempt, plain class.</summary>
    public required TimeSpan Stream { get; init; }

    /// <summary>The limits of an attempt by what is really switched on, not by what was asked.</summary>
    public AttemptClockLimits For(bool web, bool thinking)
    {
        var firstToken = FirstToken(web, thinking);
        var stream = EffectiveStream(web, thinking);
        return new AttemptClockLimits
        {
            Connect = Connect,
            Headers = Headers,
            FirstToken = firstToken,
            Idle = Idle,
            IdleWhileThinking = Idle * 1.5,
            // Contradictory settings are reported at start, but the shim and its calls must survive them: a timer takes no negative time.
            Stream = stream < firstToken ? firstToken : stream,
        };
    }

    internal TimeSpan FirstToken(bool web, bool thinking) => (web, thinking) switch
    {
        (false, false) => FirstTokenPlain,
        (true, false) => FirstTokenWeb,
        (false, true) => FirstTokenThinking,
        (true, true) => FirstTokenWebThinking,
    };

    /// <summary>A class that may be silent for longer at first gets that time on top, or it would have less left to answer in.</summary>
    internal TimeSpan EffectiveStream(bool web, bool thinking) => Stream + (FirstToken(web, thinking) - FirstTokenPlain);
}

/// <summary>The clocks of one attempt, in force from its request.</summary>
public sealed record AttemptClockLimits
{
    public required TimeSpan Connect { get; init; }

    /// <summary>Null means the same as <see cref="FirstToken"/>.</summary>
    public TimeSpan? Headers { get; init; }

    public required TimeSpan FirstToken { get; init; }

    /// <summary>The longest gap between tokens of the answer.</summary>
    public required TimeSpan Idle { get; init; }

    /// <summary>The longest gap while the model thinks or writes the arguments of a tool call.</summary>
    public required TimeSpan IdleWhileThinking { get; init; }

    /// <summary>The whole attempt; never shorter than <see cref="FirstToken"/>.</summary>
    public required TimeSpan Stream { get; init; }
}
