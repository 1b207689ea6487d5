using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.Witness.Tests.Harness;

/// <summary>The <c>openai</c> npm package, asked from here. Answers come in any order and find their job by its number.</summary>
public sealed class OpenAiPackage : IAsyncDisposable
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _asked = new();
    private readonly CancellationTokenSource _end = new();
    private NodeScript? _script;
    private Task? _reading;
    private int _lastJob;

    /// <summary>Starts the package's process for the first test, and skips every test that cannot have it.</summary>
    public void Start()
    {
        if (_script is not null)
            return;
        _script = NodeScript.Start("openai-client.mjs", "openai");
        _reading = ReadAsync(_script);
    }

    /// <param name="action"><c>complete</c>, <c>stream</c> or <c>models</c>.</param>
    /// <param name="job">Further members of the job, such as the key or when to abort.</param>
    /// <returns>The job's number for <see cref="AbortAsync"/>, and what the package will have understood.</returns>
    public async Task<(int Job, Task<JsonObject> Understood)> BeginAsync(string action, Uri baseUrl, JsonObject? body = null, JsonObject? job = null)
    {
        var number = Interlocked.Increment(ref _lastJob);
        var line = job ?? [];
        line["id"] = number;
        line["action"] = action;
        line["baseURL"] = baseUrl.ToString();
        line["body"] = body;
        var understood = new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[number] = understood;
        await _script!.WriteLineAsync(line.ToJsonString());
        return (number, understood.Task.WaitAsync(Patience.Token()));
    }

    public async Task<JsonObject> AskAsync(string action, Uri baseUrl, JsonObject? body = null, JsonObject? job = null) =>
        await (await BeginAsync(action, baseUrl, body, job)).Understood;

    public Task AbortAsync(int job) => _script!.WriteLineAsync(new JsonObject { ["id"] = job, ["action"] = "abort" }.ToJsonString());

    public async ValueTask DisposeAsync()
    {
        _end.Cancel();
        if (_script is not null)
        {
            await _reading!;
            await _script.DisposeAsync();
        }

        _end.Dispose();
    }

    private async Task ReadAsync(NodeScript script)
    {
        try
        {
            while (true)
            {
                var answer = JsonNode.Parse(await script.ReadLineAsync(_end.Token))!.AsObject();
                if (_asked.TryRemove((int)answer["jobId"]!, out var asked))
                    asked.SetResult(answer);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
        catch (Exception ended)
        {
            foreach (var asked in _asked.Values)
                asked.TrySetException(ended);
        }
    }
}
