using Exai.Settings;

namespace Exai.Core.Providers;

/// <summary>
/// Says which models a provider serves now. A chat client that can offers it through <c>GetService</c>; one that cannot is asked for whatever
/// its settings name. Thread-safe.
/// </summary>
public interface IModelLister
{
    /// <summary>The models, each with what the provider says of it. One request, never a paid one.</summary>
    /// <exception cref="ProviderException">There is no list, or it could not be had.</exception>
    Task<IReadOnlyList<ModelDescription>> ListModelsAsync(CancellationToken cancellationToken);
}
