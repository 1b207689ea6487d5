namespace Exai.Simulator.Dialects;

/// <summary>A refusal in the dialect's terms: GLM's digit code or Kimi's type, and the message.</summary>
internal sealed record ProviderProblem(int Status, string? Code, string Message)
{
    /// <summary>The message in the vendor's own language, where it has one; GLM's, to whoever does not ask for English.</summary>
    public string? Chinese { get; init; }
}
