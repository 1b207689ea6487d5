using System.Text.Json;
using Exai.Simulator;

namespace Exai.Torture;

/// <summary>Looks at what the provider was asked, when all is over.</summary>
internal static class ProviderCheck
{
    /// <returns>How many requests there were for each call that asks a model.</returns>
    public static double Look(SimulatorServer provider, IReadOnlyList<Asked> calls, Findings findings)
    {
        var asked = calls.ToDictionary(ask => ask.Call.Marker, StringComparer.Ordinal);
        var requests = new Dictionary<string, int>(StringComparer.Ordinal);
        var count = 0;
        foreach (var request in provider.Log.Chats)
        {
            count++;
            var questions = Questions(request.Body);
            var marker = Marker(questions);
            if (!asked.TryGetValue(marker, out var ask))
            {
                findings.Violation("crossed", $"request {request.Number} of the provider has no question of this run: {request.Body}");
                continue;
            }

            requests[marker] = requests.GetValueOrDefault(marker) + 1;
            string[] wanted = [.. ask.Said, marker];
            var found = questions.SelectMany(question => Caller.Markers().Matches(question).Select(match => match.Value)).ToArray();
            if (!found.SequenceEqual(wanted))
                findings.Violation("crossed", $"{ask}: the provider was asked {string.Join(", ", found)} and not {string.Join(", ", wanted)}");
        }

        foreach (var (marker, number) in requests)
            Judge(asked[marker], number, findings);
        var asking = calls.Count(ask => ask.Call.Kind is CallKind.Chat or CallKind.LongChat or CallKind.Turn or CallKind.Consensus);
        return asking == 0 ? 0 : (double)count / asking;
    }

    /// <summary>Of the call that this request is for; empty when it has none.</summary>
    public static string Marker(SimulatorRequest request) => Marker(Questions(request.Body));

    private static string Marker(List<string> questions) => questions.Count == 0 ? "" : Caller.Markers().Match(questions[^1]).Value;

    private static void Judge(Asked ask, int requests, Findings findings)
    {
        var models = ask.Call.Kind == CallKind.Consensus ? 2 : 1;
        var runs = ask.Runs ?? Machine.MaxRuns;
        // A daemon that was stopped for a while may find a clock over; a healthy provider is asked again for no other reason.
        if (requests > models * runs * (1 + Machine.RetryAttempts))
            findings.Violation("asked", $"{ask}: {requests} requests in {runs} runs");
        else if (requests > models * runs && ask.Call.Trouble == Trouble.None)
            findings.Answer("asked more than once a run");
    }

    private static List<string> Questions(JsonElement body) =>
        [.. body.GetProperty("messages").EnumerateArray().Where(message => message.GetProperty("role").GetString() == "user").Select(message => message.GetProperty("content").ToString())];
}
