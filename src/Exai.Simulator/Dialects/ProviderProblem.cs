namespace Exai.Simulator.Dialects;

/// <summary>A refusal in the dialect's terms: GLM's digit code or Kimi's type, and the message.</summary>
internal sealed record ProviderProblem(int Status, string? Code, string Message);
