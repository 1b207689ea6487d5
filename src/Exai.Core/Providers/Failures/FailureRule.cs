using System.Text.RegularExpressions;

namespace Exai.Core.Providers.Failures;

/// <summary>What a failure is, once it is known which.</summary>
/// <param name="Error">One of <see cref="Protocol.ErrorCodes"/>.</param>
/// <param name="Class">What may follow.</param>
/// <param name="What">What happened; continues a sentence that starts with the provider's name.</param>
/// <param name="Advice">What to do, as a sentence.</param>
internal sealed record FailureRule(string Error, FailureClass Class, string What, string Advice)
{
    /// <summary>Null when it follows from the class.</summary>
    public Fallback? Fallback { get; init; }

    /// <summary>Once the reset time is known, one more try at that time is worth while.</summary>
    public bool ComesBack { get; init; }
}

/// <summary>
/// One row of a failure table. It applies when every list that it has matches: the HTTP status, the vendor code or type, the words.
/// Words only tell apart the causes that a provider hides behind one code; they never decide alone.
/// </summary>
internal sealed record FailureRow
{
    private IReadOnlyList<int> Statuses { get; init; } = [];

    private IReadOnlyList<string> Codes { get; init; } = [];

    private IReadOnlyList<string> Words { get; init; } = [];

    private Regex? Pattern { get; init; }

    /// <summary>Null until <see cref="Means"/> has been said.</summary>
    public FailureRule? Rule { get; private init; }

    public static FailureRow Code(params string[] codes) => new() { Codes = codes };

    public static FailureRow Status(params int[] statuses) => new() { Statuses = statuses };

    public FailureRow WithStatus(int status) => this with { Statuses = [status] };

    public FailureRow Saying(params string[] words) => this with { Words = words };

    public FailureRow Saying(Regex pattern) => this with { Pattern = pattern };

    public FailureRow Means(string error, FailureClass failureClass, string what, string advice) =>
        this with { Rule = new FailureRule(error, failureClass, what, advice) };

    /// <summary>Where the table allows another answer than the class does.</summary>
    public FailureRow Then(Fallback fallback) => this with { Rule = Rule! with { Fallback = fallback } };

    public FailureRow ComingBack() => this with { Rule = Rule! with { ComesBack = true } };

    public bool Matches(int status, VendorError error) =>
        (Statuses.Count == 0 || Statuses.Contains(status))
        && (Codes.Count == 0 || Codes.Any(error.Has))
        && (Pattern is null || (error.Message is { } text && Pattern.IsMatch(text)))
        && (Words.Count == 0 || Words.Any(word => error.Message?.Contains(word, StringComparison.OrdinalIgnoreCase) == true));
}
