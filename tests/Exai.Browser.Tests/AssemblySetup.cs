using Exai.Browser.Tests.Harness;

// A browser takes seconds to start.
[assembly: AssemblyFixture(typeof(Chromium))]
