using Exai.Core.Providers;
using Exai.Settings;

namespace Exai.Core.Models;

/// <summary>Which models may answer one question, one after another: the asked one, then those that the settings and the failure allow.</summary>
internal sealed class FallbackChain(ModelRouter router, ModelQuestion question, ModelRoute first, FallbackMode mode, IReadOnlyList<string> models)
{
    /// <summary>A model that the caller named answers itself, unless it was said that another may.</summary>
    private readonly bool _isAllowed = mode == FallbackMode.Always || (mode == FallbackMode.Auto && first.AskedModel == ModelRouter.Auto);
    private readonly HashSet<(string Provider, string Model)> _tried = [(first.Provider.Name, first.ModelId)];

    /// <summary>The model being asked.</summary>
    public ModelRoute Current { get; private set; } = first;

    /// <summary>Who may answer in its place; null when nobody may or nobody can.</summary>
    public ModelRoute? After(ProviderException failure)
    {
        if (!_isAllowed || failure.Fallback is Fallback.None or Fallback.WithoutSearch)
        {
            return null;
        }

        var larger = failure.Fallback == Fallback.LargerWindow ? (Current.Info?.Window ?? ThreadWindow.UnknownWindow) + 1 : (long?)null;
        return router.Fallbacks(Current, question, models, larger).FirstOrDefault(route => !_tried.Contains((route.Provider.Name, route.ModelId)));
    }

    public void MoveTo(ModelRoute route)
    {
        _tried.Add((route.Provider.Name, route.ModelId));
        Current = route;
    }
}
