using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>One configured provider: a client, its time limits and the models that its settings name.</summary>
/// <param name="Name">As users write it before the slash of <c>provider/id</c>.</param>
/// <param name="Client">Any <see cref="IChatClient"/>; one that honours its cancellation token, for all clocks work through it.</param>
/// <param name="PreferredModels">Best first; the default model leads.</param>
public sealed record ModelProvider(string Name, IChatClient Client, ProviderClocks Clocks, IReadOnlyList<string> PreferredModels, int MaxOutputTokens)
{
    /// <summary>Attempts at once; admission lets no more through.</summary>
    public int MaxInflight { get; init; } = 4;

    /// <summary>Found listening on this machine, and named in no settings: it is asked when a caller names it, and never chosen.</summary>
    public bool IsDetected { get; init; }
}
