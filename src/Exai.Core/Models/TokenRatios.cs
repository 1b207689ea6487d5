using System.Collections.Concurrent;

namespace Exai.Core.Models;

/// <summary>
/// How far our estimates are from what each model counts, learned from the usage that providers report. Above 1: the model counts more than
/// we do. Thread-safe; forgotten with the process, and soon learned anew.
/// </summary>
internal sealed class TokenRatios
{
    /// <summary>Below this, what a protocol adds outweighs the text.</summary>
    private const long LeastTokens = 500;

    private const double Smoothing = 0.3;

    /// <summary>Beyond these, the report tells of something else: a part of the request that was not counted, or counted twice.</summary>
    private const double Lowest = 0.5;
    private const double Highest = 2.5;

    private readonly ConcurrentDictionary<(string Provider, string Model), double> _ratios = new();

    public double Of(ModelRoute route) => _ratios.GetValueOrDefault((route.Provider.Name, route.ModelId), 1);

    /// <param name="route">The model that counted.</param>
    /// <param name="estimated">Our uncorrected estimate of the request.</param>
    /// <param name="reported">The provider's count of it.</param>
    public void Learn(ModelRoute route, long estimated, long reported)
    {
        if (estimated < LeastTokens || reported <= 0)
        {
            return;
        }

        var seen = Math.Clamp((double)reported / estimated, Lowest, Highest);
        _ratios.AddOrUpdate((route.Provider.Name, route.ModelId), seen, (_, known) => known + ((seen - known) * Smoothing));
    }
}
