/** The well-known public repositories, asked where neither a setting nor the host's own configuration names another. */
export const publicMavenRepository = 'https://repo.maven.apache.org/maven2';
export const publicPythonIndex = 'https://pypi.org/simple';
