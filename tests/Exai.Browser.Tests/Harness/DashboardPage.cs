using Microsoft.Playwright;

namespace Exai.Browser.Tests.Harness;

/// <summary>One tab with the dashboard. A script error of the page fails the test at its end.</summary>
internal sealed class DashboardPage : IAsyncDisposable
{
    private readonly List<string> _errors = [];
    private int _sockets;

    public DashboardPage(IPage tab)
    {
        Tab = tab;
        tab.PageError += (_, error) => _errors.Add(error);
        tab.WebSocket += (_, _) => Interlocked.Increment(ref _sockets);
    }

    public IPage Tab { get; }

    /// <summary>Sockets that the page has opened, whether or not anybody answered.</summary>
    public int Sockets => Volatile.Read(ref _sockets);

    /// <summary>What the page says of its connection: <c>live</c>, <c>connecting…</c>, <c>disconnected; …</c>, <c>paused</c>.</summary>
    public ILocator Connection => Tab.Locator("#connection");

    /// <summary>The row of the live table whose question holds this text.</summary>
    public ILocator Call(string question) => Tab.Locator("tbody tr").Filter(new LocatorFilterOptions { HasText = question });

    /// <summary>One cell of a row, by its column's title.</summary>
    public static ILocator Cell(ILocator row, string column) => row.Locator($"[data-label='{column}']");

    public Task IsLiveAsync() => Assertions.Expect(Connection).ToHaveTextAsync("live");

    /// <summary>Follows the navigation, as a user does.</summary>
    public async Task ShowAsync(string view)
    {
        await Tab.GetByRole(AriaRole.Navigation).GetByText(view, new LocatorGetByTextOptions { Exact = true }).ClickAsync();
        await Assertions.Expect(Tab.Locator("main h2").First).ToBeVisibleAsync();
    }

    /// <summary>Keeps what is seen now, whole, as an artefact of the run.</summary>
    public async Task PictureAsync(string name) =>
        await Tab.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures.Folder, name + ".png"), FullPage = true });

    public async ValueTask DisposeAsync()
    {
        await Tab.Context.DisposeAsync();
        _errors.ShouldBeEmpty();
    }
}
