namespace Exai.Core.Providers.Failures;

/// <summary>
/// One row of a failure table. A row applies when every list that it has matches: the HTTP status, the vendor code or type, the words.
/// Words only tell apart the causes that a provider hides behind one code; they never decide alone.
/// </summary>
internal sealed record FailureRule
{
    public IReadOnlyList<int> Statuses { get; init; } = [];

    public IReadOnlyList<string> Codes { get; init; } = [];

    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>One of <see cref="Protocol.ErrorCodes"/>.</summary>
    public required string Error { get; init; }

    public required FailureClass Class { get; init; }

    /// <summary>What happened; continues a sentence that starts with the provider's name.</summary>
    public required string What { get; init; }

    /// <summary>What to do, as a sentence.</summary>
    public required string Advice { get; init; }

    public bool Matches(int status, VendorError error) =>
        (Statuses.Count == 0 || Statuses.Contains(status))
        && (Codes.Count == 0 || Codes.Any(error.Has))
        && (Words.Count == 0 || Words.Any(word => error.Message?.Contains(word, StringComparison.OrdinalIgnoreCase) == true));
}
