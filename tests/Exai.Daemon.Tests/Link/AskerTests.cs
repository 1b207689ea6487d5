using System.Text.Json;
using Exai.Core.Calls;
using Exai.Daemon.Link;

namespace Exai.Daemon.Tests.Link;

/// <summary>An answer that could not be written is undelivered, whichever comes first: the loss or the answer.</summary>
public sealed class AskerTests : IDisposable
{
    private readonly CancellationTokenSource _lost = new();
    private readonly List<string> _undelivered = [];
    private readonly Asker _asker;

    public AskerTests() => _asker = new Asker(_lost.Token, call => _undelivered.Add(call.CallId));

    [Fact]
    public void Answer_that_was_on_its_way_when_the_asker_left_is_undelivered()
    {
        _asker.IsAnswered(Call("one"));
        Leave();

        _undelivered.ShouldBe(["one"]);
    }

    [Fact]
    public void Answer_to_an_asker_that_has_left_is_undelivered()
    {
        Leave();
        _asker.IsAnswered(Call("one"));

        _undelivered.ShouldBe(["one"]);
    }

    [Fact]
    public void Answer_to_an_asker_that_stays_is_delivered()
    {
        _asker.IsAnswered(Call("one"));

        _undelivered.ShouldBeEmpty();
    }

    public void Dispose() => _lost.Dispose();

    private static CallRequest Call(string id) =>
        new() { CallId = id, Tool = "chat", SessionId = "session", Arguments = JsonElement.Parse("{}") };

    private void Leave()
    {
        _lost.Cancel();
        _asker.HasLeft();
    }
}
