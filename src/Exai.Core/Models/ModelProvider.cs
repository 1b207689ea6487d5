using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>
/// One provider: a client, its time limits and the models that its settings name. Any <see cref="IChatClient"/> can be one; it needs to know
/// nothing of this program. What it does understand, it is told in <see cref="Providers.AttemptOptions"/>.
/// </summary>
/// <param name="Name">As users write it before the slash of <c>provider/id</c>; small letters, without a slash.</param>
/// <param name="Client">Any <see cref="IChatClient"/>; one that honours its cancellation token, for all clocks work through it.</param>
/// <param name="PreferredModels">Best first; the default model leads. Empty leaves the choice to whoever names a model.</param>
public sealed record ModelProvider(string Name, IChatClient Client, ProviderClocks Clocks, IReadOnlyList<string> PreferredModels, int MaxOutputTokens)
{
    /// <summary>Attempts at once; admission lets no more through.</summary>
    public int MaxInflight { get; init; } = 4;

    /// <summary>Whose dialect it speaks: <c>glm</c>, <c>kimi</c> or <c>openai</c>. Models of the first two search the web only where it is theirs.</summary>
    public string Dialect { get; init; } = "openai";

    /// <summary>What is known of its models beyond the catalogue; they can be asked for without being preferred.</summary>
    public IReadOnlyList<ModelDescription> Models { get; init; } = [];

    /// <summary>Asked when the caller wants thinking and no preferred model can; null for none.</summary>
    public string? ThinkingModel { get; init; }

    /// <summary>Asked first when the caller wants no thinking; null for none.</summary>
    public string? SpeedModel { get; init; }

    /// <summary>Whether it may be chosen without being named: by <c>auto</c>, and in place of a failed model.</summary>
    public bool Automatic { get; init; } = true;

    /// <summary>Found listening on this machine, and named in no settings: it is asked when a caller names it, and never chosen.</summary>
    public bool IsDetected { get; init; }

    /// <summary>Where it was configured, for people: a variable, a file and line. Never a key.</summary>
    public string Origin { get; init; } = "";
}
