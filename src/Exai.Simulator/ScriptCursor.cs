using Exai.Simulator.Answers;

namespace Exai.Simulator;

/// <summary>A script being played: which rule is next for a request, and how often each was used. Thread-safe.</summary>
internal sealed class ScriptCursor
{
    private static readonly SimulatorRule Ordinary = new();
    private readonly Lock _gate = new();
    private readonly int[] _used;

    public ScriptCursor(SimulatorScript script)
    {
        if (script.FirstProblem() is { } problem)
            throw new ArgumentException(problem, nameof(script));
        Script = script;
        _used = new int[script.Rules.Count];
    }

    public SimulatorScript Script { get; }

    /// <summary>The rule that decides without a look into the body: first of all that could match, and it hangs or drops before reading.</summary>
    public SimulatorRule? TakeBeforeBody(string dialect)
    {
        lock (_gate)
        {
            var index = FirstIndexUnsynchronized(rule => Speaks(rule, dialect));
            if (index < 0 || Script.Rules[index] is not { Model: null, PromptContains: null } rule
                || (rule.HangAt != SimulatorStage.ConnectAccepted && rule.DropAt != SimulatorStage.ConnectAccepted))
                return null;
            _used[index]++;
            return rule;
        }
    }

    /// <summary>The rule for a request beside chat; only rules that name an endpoint are for those.</summary>
    /// <param name="route">Method and path below the base.</param>
    public SimulatorRule TakeForService(string dialect, string route)
    {
        lock (_gate)
        {
            var index = FirstIndexUnsynchronized(rule => (rule.Dialect is null || rule.Dialect == dialect)
                && rule.Endpoint is { } endpoint && route.StartsWith(endpoint, StringComparison.Ordinal));
            if (index < 0)
                return Ordinary;
            _used[index]++;
            return Script.Rules[index];
        }
    }

    public SimulatorRule Take(string dialect, ChatRequest request)
    {
        lock (_gate)
        {
            var index = FirstIndexUnsynchronized(rule => Speaks(rule, dialect)
                && (rule.Model is null || string.Equals(rule.Model, request.Model, StringComparison.OrdinalIgnoreCase))
                && (rule.PromptContains is null || request.LastUserText.Contains(rule.PromptContains, StringComparison.Ordinal)));
            if (index < 0)
                return Ordinary;
            _used[index]++;
            return Script.Rules[index];
        }
    }

    private int FirstIndexUnsynchronized(Func<SimulatorRule, bool> matches)
    {
        for (var index = 0; index < _used.Length; index++)
        {
            if (_used[index] < (Script.Rules[index].Times ?? int.MaxValue) && matches(Script.Rules[index]))
                return index;
        }

        return -1;
    }

    private static bool Speaks(SimulatorRule rule, string dialect) => rule.Endpoint is null && (rule.Dialect is null || rule.Dialect == dialect);
}
