using Exai.Settings;

namespace Exai.Shim;

/// <summary>
/// The settings as a shim uses them: a bad one never ends it. It runs on the last good values, or on defaults, and reads again at
/// each attempt to reach the daemon.
/// </summary>
internal sealed class ShimSettings(Func<SettingsResult> load)
{
    private readonly Lock _lock = new();
    private SettingsResult _result = load();
    private ExaiSettings? _lastGood;

    public ExaiSettings Current
    {
        get
        {
            lock (_lock)
            {
                return _result.Problems.Count == 0 ? _result.Settings : _lastGood ?? _result.Settings;
            }
        }
    }

    /// <summary>What is wrong with the settings now, for people; null when nothing is.</summary>
    public string? Problems
    {
        get
        {
            lock (_lock)
            {
                return _result.Problems.Count == 0 ? null : string.Join("\n", _result.Problems.Select(problem => "- " + problem));
            }
        }
    }

    public void Reload()
    {
        var result = load();
        lock (_lock)
        {
            if (_result.Problems.Count == 0)
            {
                _lastGood = _result.Settings;
            }

            _result = result;
        }
    }
}
